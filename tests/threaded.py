"""Tornado applications in a thread, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application


@contextmanager
def serving(*apps: Application) -> Iterator[list[str]]:
    """Serve each on a free port, all in one thread of their own, and give their addresses in order."""
    bound = [bind_sockets(0, "127.0.0.1") for _ in apps]
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        for app, sockets in zip(apps, bound, strict=True):
            HTTPServer(app).add_sockets(sockets)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(listen(), loop).result()
    yield [f"http://127.0.0.1:{sockets[0].getsockname()[1]}" for sockets in bound]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
