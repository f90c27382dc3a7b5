"""The HTTP server, stricter than Tornado's defaults: a client that is slow or floods costs little, and is told so."""

from __future__ import annotations

import socket
import sys
from types import TracebackType

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, UnsatisfiableReadError
from tornado.web import Application

from handlers.refusal import FULL, TOO_LARGE, refuse

MOST_HEADER_BYTES = 32 * 1024
MOST_BODY_BYTES = 8 * 1024
IDLE_SECONDS = 60
BODY_SECONDS = 10
UNSENT_BYTES = 256 * 1024
"""Bytes that the kernel holds for a client before the connection counts as full (tcp(7), TCP_NOTSENT_LOWAT). Without it
that is megabytes, and it counts as full until a third of them have left: minutes for a slow client, who would be taken
for a stalled one."""

_Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class GatewayServer(HTTPServer):
    """Bounds the size and the time of a request's head and body, and how many connections there are."""

    most = sys.maxsize
    connections = 0
    refused = 0

    @classmethod
    def serving(cls, application: Application, most: int) -> GatewayServer:
        """A server for an application, with the gateway's bounds, and at most so many connections."""
        server = cls(
            application,
            max_header_size=MOST_HEADER_BYTES,
            max_body_size=MOST_BODY_BYTES,
            body_timeout=BODY_SECONDS,
            idle_connection_timeout=IDLE_SECONDS,
        )
        server.most = most
        return server

    def handle_stream(self, stream: IOStream, address: tuple[object, ...]) -> None:
        """Serve a connection through a stream that says why it closes, and tells soon what its client has taken; or
        answer 503 at once, when there are as many as may be."""
        if self.connections >= self.most:
            self.refused += 1
            refuse(stream.socket, FULL)
            return
        self.connections += 1
        if stream.socket.family != socket.AF_UNIX:
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        super().handle_stream(ExplainingStream(stream.socket, max_buffer_size=stream.max_buffer_size), address)

    def on_close(self, server_conn: object) -> None:
        """A connection has ended."""
        self.connections -= 1
        super().on_close(server_conn)


class ExplainingStream(IOStream):
    """Answers 431 (RFC 6585, section 5) to a head that is too large; Tornado closes without a word."""

    def close(self, exc_info: _Raised | bool | BaseException | None = False) -> None:  # noqa: FBT001, FBT002
        """Close, first explaining where that is due."""
        raised = exc_info[1] if isinstance(exc_info, tuple) else exc_info
        if isinstance(raised, UnsatisfiableReadError) and not self.closed():
            refuse(self.socket.dup(), TOO_LARGE)
        super().close(exc_info)
