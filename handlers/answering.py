"""Tornado's request handler, less what it does again and again that our answers do not need."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from tornado.httputil import ResponseStartLine
from tornado.web import Application, RequestHandler

from handlers import fields
from handlers.http1.exchange import Exchange
from handlers.http1.fields import Fields
from handlers.http1.request import Request


class Answering(RequestHandler):
    """Begins with the fields that stand on every answer, and writes a body piece by piece without Tornado's buffer."""

    def __init__(self, application: Application, request: Request, **parts: object) -> None:
        """Not Tornado's own, which makes namespaces for templates."""
        self.application = application
        self.request = request
        self._headers_written = self._finished = False
        self._auto_finish = True
        self._prepared_future = None
        self._taken: asyncio.Future[None] | None = None
        self.clear()
        self.connection.set_close_callback(self.on_connection_close)
        self.initialize(**parts)

    @property
    def connection(self) -> Exchange:
        """The connection that the request came by, for as long as it is answered."""
        return cast("Exchange", self.request.connection)

    def clear(self) -> None:
        """Begin the answer: nothing but what stands on every answer."""
        self._headers: Fields = Fields.beginning(fields.BEGINNING)
        self._headers["Date"] = fields.date(int(time.time()))
        self._write_buffer: list[bytes] = []
        self._status_code, self._reason = 200, "OK"

    def set_header(self, name: str, value: str | int) -> None:  # type: ignore[override]  # no more is needed
        """Set a field; what would break out of it is refused when the head is written."""
        self._headers[name] = str(value)

    def add_header(self, name: str, value: str) -> None:  # type: ignore[override]
        """Add a line to a field."""
        self._headers.add(name, value)

    def compute_etag(self) -> None:
        """No ETag of Tornado's own: it hashes bodies, and a relayed one has its origin's."""

    def send(self, chunk: bytes) -> asyncio.Future[None]:
        """Send a piece of the body, and before the first one the head; done when the kernel has taken it. The answer to
        HEAD has no body."""
        chunk = b"" if self.request.method == "HEAD" else chunk
        if self._headers_written:
            self._taken = self.connection.write(chunk)
        else:
            self._headers_written = True
            start = ResponseStartLine("", self._status_code, self._reason)
            self._taken = self.connection.write_headers(start, self._headers, chunk)
        return self._taken

    def finish(self, chunk: str | bytes | dict[str, object] | None = None) -> asyncio.Future[None]:
        """As Tornado's; where the head and all pieces are sent, nothing but the end is left to send."""
        if chunk is not None or self._finished or self._taken is None:
            return super().finish(chunk)
        self.connection.finish()
        self._finished = True
        self.on_finish()
        return self._taken
