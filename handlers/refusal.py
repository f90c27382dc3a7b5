"""Answers to a connection before there is a request on it."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress

_DRAINED_BYTES = 8 * 1024 * 1024
_DRAIN_SECONDS = 2
MOST = 256
"""Connections that are being told why at once; when more are refused, they are closed without a word."""


def _answer(status: int, error: str, *fields: str) -> bytes:
    told = {"type": "about:blank", "title": error, "status": status, "error": error}
    head = (
        f"HTTP/1.1 {status} {error}",
        "Content-Type: application/problem+json",
        "Access-Control-Allow-Origin: *",
        "Cache-Control: no-store",
        "Connection: close",
        *fields,
    )
    return ("\r\n".join(head) + "\r\n\r\n" + json.dumps(told)).encode()


TOO_LARGE = _answer(431, "Request header fields too large")
"""RFC 6585, section 5."""

FULL = _answer(503, "Temporarily out of capacity", "Retry-After: 1")


def refuse(connection: socket.socket, answer: bytes) -> None:
    """Answer and close."""
    if len(_telling) >= MOST:
        connection.close()
    else:
        _telling.add(_Telling(connection, answer))


class _Telling:
    """Answers, then reads on for a while: closing with bytes unread sends a reset, which can overtake the answer."""

    def __init__(self, connection: socket.socket, answer: bytes) -> None:
        self._connection = connection
        self._left = _DRAINED_BYTES
        self._loop = asyncio.get_running_loop()
        self._give_up = self._loop.call_later(_DRAIN_SECONDS, self._end)
        self._loop.add_reader(connection.fileno(), self._drain)
        with suppress(OSError):  # it has gone: the next read tells
            connection.send(answer)
            connection.shutdown(socket.SHUT_WR)

    def _drain(self) -> None:
        try:
            read = len(self._connection.recv(65536))
        except BlockingIOError:
            return
        except OSError:
            read = 0
        self._left -= read
        if not read or self._left <= 0:
            self._end()

    def _end(self) -> None:
        self._give_up.cancel()
        self._loop.remove_reader(self._connection.fileno())
        self._connection.close()
        _telling.discard(self)


_telling: set[_Telling] = set()
