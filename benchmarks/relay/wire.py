"""One connection of a client that keeps what came and when; many of them in one process."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass

from benchmarks.client import BROKEN

SECONDS = 30.0
"""In which an answer is whole, or counts as broken."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST, and drops what was not read."""


@dataclass(frozen=True, slots=True)
class Got:
    """An answer: ``first`` and ``last`` are the seconds from asking to its first byte and its last one."""

    status: int
    body: bytes = b""
    first: float = 0.0
    last: float = 0.0


class Wire:
    """Asks one server, one thing at a time, and connects anew when it has to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, fields: str = "", method: str = "GET") -> Got:
        """One request; ``fields`` are lines of the head, each with its end. What did not come whole is `BROKEN`."""
        request = f"{method} {path} HTTP/1.1\r\nHost: gateway\r\n{fields}"
        request += "Content-Length: 0\r\n\r\n" if method == "POST" else "\r\n"
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                return await self._ask(request.encode(), body=method != "HEAD")
        self.close()
        return Got(BROKEN)

    async def _ask(self, request: bytes, *, body: bool) -> Got:
        asked = time.monotonic()
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self._port, limit=256 * 1024)
        reader, writer = self._open
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        first, status = time.monotonic() - asked, int(head[9:12])
        length = _LENGTH.search(head)
        content = await reader.readexactly(int(length[1])) if body and length else b""
        if b"\r\nConnection: close\r\n" in head:
            self.close()
        return Got(status, content, first, time.monotonic() - asked)

    def close(self) -> None:
        """Close, if it is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None


class Reader:
    """A client of one long body, on a bare socket, that reads when it is told to."""

    def __init__(self, connection: socket.socket, status: int) -> None:
        self._connection = connection
        self.status = status
        self.size = 0

    @classmethod
    async def open(cls, port: int, path: str, fields: str, window: int = 0) -> Reader:
        """Connect, ask, and read the head; the kernel is to hold no more than ``window`` bytes, if that is given."""
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.settimeout(0)
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{fields}\r\n".encode())
        async with asyncio.timeout(SECONDS):
            head = await loop.sock_recv(connection, 2048)
        return cls(connection, int(head[9:12] or BROKEN))

    def take(self, size: int) -> None:
        """Read so many bytes, or what there is."""
        with suppress(BlockingIOError, ConnectionResetError):
            self.size += len(self._connection.recv(size))

    async def read_on(self) -> None:
        """Read as fast as it comes, until `reset`."""
        loop, into = asyncio.get_running_loop(), bytearray(256 * 1024)
        with suppress(OSError):
            while got := await loop.sock_recv_into(self._connection, into):
                self.size += got

    def reset(self) -> None:
        """Leave as a client does whose machine has gone: by RST."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._connection.close()
