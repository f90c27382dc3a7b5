"""Work that is worth doing only while the client stays."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from tornado.iostream import StreamClosedError

from handlers.base import Handler


class StayingHandler(Handler):
    """Serves while its client is there; when that leaves, stops, and so ends what it has asked of an origin."""

    _work: asyncio.Task[object] | None = None

    @abstractmethod
    async def serve(self) -> None:
        """Answer, or raise the `Problem` that is the answer."""

    async def get(self, *_path: str) -> None:
        """Serve, and be stopped in it."""
        self._work = asyncio.current_task()
        try:
            await self.serve()
        except (asyncio.CancelledError, StreamClosedError):
            if not self.record.cut_by:
                self.record.cut_by = "client"
                self.gateway.metrics.cut_short.labels("client").inc()
        finally:
            self._work = None

    def on_connection_close(self) -> None:
        if self._work is not None:
            self._work.cancel()
