"""A client over raw sockets: many small requests at a steady pace, or few long bodies."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

SECONDS_TO_ANSWER = 5.0
MOST_CONNECTIONS = 100
BROKEN = 0
"""The status of a request that got no whole answer."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request, and when it was sent and answered, in seconds of `time.monotonic`."""

    status: int
    sent: float
    answered: float


class Client:
    """Asks one server; connections are kept, and taken in turn so that all workers behind them are asked. What finds
    `MOST_CONNECTIONS` busy waits, which counts as the server's time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Connection] = []
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)

    async def get(self, path: str, fields: str) -> Answer:
        """One GET; ``fields`` are lines of the head, each with its end."""
        sent = time.monotonic()
        status = BROKEN
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(SECONDS_TO_ANSWER), self._room:
                status = await self._ask(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{fields}\r\n".encode())
        return Answer(status, sent, time.monotonic())

    async def _ask(self, request: bytes) -> int:
        connection = self._idle.pop(0) if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = connection
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if length := _LENGTH.search(head):
                await reader.readexactly(int(length[1]))
        except BaseException:
            writer.close()
            raise
        self._idle.append(connection)
        return int(head[9:12])

    async def open(self, count: int) -> None:
        """Connect, so that the first requests need not."""
        self._idle += [await asyncio.open_connection("127.0.0.1", self._port) for _ in range(count)]

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()


@dataclass(frozen=True, slots=True)
class Load:
    """All answers, in the order asked; ``late`` is by how many seconds the most belated request was sent: what the
    machine kept from the client itself."""

    answers: Sequence[Answer]
    late: float


async def paced(ask: Callable[[], Awaitable[Answer]], rate: float, seconds: float) -> Load:
    """Ask ``rate`` times a second, whether or not earlier ones are answered."""
    began, asked = time.monotonic(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
        asked.append(asyncio.ensure_future(ask()))
    answers = await asyncio.gather(*asked)
    late = (answer.sent - began - number / rate for number, answer in enumerate(answers))
    return Load(answers, max(late, default=0.0))


@dataclass
class Stream:
    """A body as it comes: (when, bytes) in seconds of `time.monotonic`; ``status`` of its answer; whether it ended
    ``whole``."""

    status: int = BROKEN
    came: list[tuple[float, int]] = field(default_factory=list)
    whole: bool = False

    @property
    def size(self) -> int:
        """Bytes of body."""
        return sum(size for _, size in self.came)


async def stream(port: int, path: str, fields: str, seconds: float, into: Stream | None = None) -> Stream:
    """Read one body for so many seconds, or until it ends."""
    seen = into or Stream()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=256 * 1024)
    try:
        with suppress(TimeoutError, OSError, EOFError):
            async with asyncio.timeout(seconds):
                await _read(reader, writer, f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{fields}\r\n", seen)
    finally:
        writer.close()
    return seen


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: str, seen: Stream) -> None:
    writer.write(request.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    seen.status = int(head[9:12])
    length = _LENGTH.search(head)
    left = int(length[1]) if length else 0
    while left and (chunk := await reader.read(left)):
        left -= len(chunk)
        seen.came.append((time.monotonic(), len(chunk)))
    seen.whole = not left
