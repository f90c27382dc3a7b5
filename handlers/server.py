"""The HTTP server, stricter than Tornado's defaults: a client that is slow or floods costs little, and is told so."""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, UnsatisfiableReadError
from tornado.web import Application

MOST_HEADER_BYTES = 32 * 1024
MOST_BODY_BYTES = 8 * 1024
IDLE_SECONDS = 60
BODY_SECONDS = 10
UNSENT_BYTES = 128 * 1024
"""Bytes that the kernel holds for a client before the connection counts as full (tcp(7), TCP_NOTSENT_LOWAT). Without it
that is megabytes, and it counts as full until a third of them have left: minutes for a slow client, who would be taken
for a stalled one."""

_DRAINED_BYTES = 8 * 1024 * 1024
_DRAIN_SECONDS = 2
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json\r\n"
    b"Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"
    b'{"type": "about:blank", "title": "Request header fields too large", "status": 431,'
    b' "error": "Request header fields too large"}'
)
_Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class GatewayServer(HTTPServer):
    """Bounds the size and the time of a request's head and body."""

    @classmethod
    def serving(cls, application: Application) -> GatewayServer:
        """A server for an application, with the gateway's bounds."""
        return cls(
            application,
            max_header_size=MOST_HEADER_BYTES,
            max_body_size=MOST_BODY_BYTES,
            body_timeout=BODY_SECONDS,
            idle_connection_timeout=IDLE_SECONDS,
        )

    def handle_stream(self, stream: IOStream, address: tuple[object, ...]) -> None:
        """Serve a connection through a stream that says why it closes, and tells soon what its client has taken."""
        if stream.socket.family != socket.AF_UNIX:
            stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        super().handle_stream(ExplainingStream(stream.socket, max_buffer_size=stream.max_buffer_size), address)


class ExplainingStream(IOStream):
    """Answers 431 (RFC 6585, section 5) to a head that is too large; Tornado closes without a word."""

    def close(self, exc_info: _Raised | bool | BaseException | None = False) -> None:  # noqa: FBT001, FBT002
        """Close, first explaining where that is due."""
        raised = exc_info[1] if isinstance(exc_info, tuple) else exc_info
        if isinstance(raised, UnsatisfiableReadError) and not self.closed():
            _explain(self.socket.dup())
        super().close(exc_info)


def _explain(connection: socket.socket) -> None:
    """Answer, then read on for a while: closing with bytes unread sends a reset, which can overtake the answer."""
    loop = asyncio.get_running_loop()
    left = _DRAINED_BYTES

    def drain() -> None:
        nonlocal left
        try:
            read = len(connection.recv(65536))
        except OSError:
            read = 0
        left -= read
        if not read or left <= 0:
            end()

    def end() -> None:
        give_up.cancel()
        loop.remove_reader(connection.fileno())
        connection.close()

    give_up = loop.call_later(_DRAIN_SECONDS, end)
    try:
        connection.send(_TOO_LARGE)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        end()
    else:
        loop.add_reader(connection.fileno(), drain)
