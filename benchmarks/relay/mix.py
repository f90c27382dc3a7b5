"""What customers ask, mixed: each kind with the share that it has, and with what it should be answered."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from benchmarks.client import BROKEN
from benchmarks.origin import Live, digest, segment
from benchmarks.relay.wire import Got, Reader, Wire

LONG = 50 * 10**6
"""Bytes of the body in whose middle a client leaves."""

AGO = 20
"""Segments of the stream's past that are asked for as if they were a film's."""

SHARES = {"film": 50, "range": 20, "head": 15, "partner": 20, "standard": 8, "public": 10, "auth": 4, "cut": 3}
"""Of the kinds; of each 130 requests so many."""

CHARGED = 60
"""Seconds of the public tier's window, in which it has `PUBLIC` requests."""

PUBLIC = 10


@dataclass(frozen=True)
class Unexpected:
    """An answer that should have been another."""

    kind: str
    status: int
    at: float


@dataclass
class Mix:
    """Asks one gateway for all kinds in turn, evenly."""

    port: int
    origin: str
    live: Live
    standard: str
    partner: str
    token: str
    asked: Tally[str] = field(default_factory=Tally)
    unexpected: list[Unexpected] = field(default_factory=list)
    _idle: list[Wire] = field(default_factory=list)
    _admitted: list[float] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    async def run(self, rate: float, until: float) -> None:
        """So many requests a second until a time of `time.monotonic`, whether or not earlier ones are answered."""
        kinds: dict[str, Callable[[], Awaitable[int]]] = {
            "film": self._film,
            "range": self._range,
            "head": self._head,
            "partner": lambda: self._call(self.partner),
            "standard": lambda: self._call(self.standard),
            "public": self._public,
            "auth": self._auth,
            "cut": self._cut,
        }
        began, asked = time.monotonic(), set[asyncio.Task[None]]()
        for number, kind in enumerate(itertools.cycle(_spread())):
            due = began + number / rate
            if due >= until:
                break
            await asyncio.sleep(max(due - time.monotonic(), 0))
            task = asyncio.ensure_future(self._ask(kind, kinds[kind]))
            asked.add(task)
            task.add_done_callback(asked.discard)
        await asyncio.gather(*asked)
        for wire in self._idle:
            wire.close()

    async def _ask(self, kind: str, ask: Callable[[], Awaitable[int]]) -> None:
        """``ask`` gives 0 for an answer as it should be, else its status, or -1 for one whose body is wrong."""
        self.asked[kind] += 1
        if status := await ask():
            self.unexpected.append(Unexpected(kind, status, round(time.monotonic() - self._began, 1)))

    async def _get(self, path: str, fields: str, method: str = "GET") -> Got:
        wire = self._idle.pop() if self._idle else Wire(self.port)
        got = await wire.get(path, fields, method)
        self._idle.append(wire)
        return got

    def _media(self) -> tuple[int, str, str]:
        """A number, and the path and the fields that ask for its segment."""
        number = self.live.newest() - AGO - sum(self.asked.values()) % AGO
        path = f"/api?url={quote(f'{self.origin}/live/{number}.ts', safe='')}"
        return number, path, f"X-Session-Token: {self.token}\r\n"

    async def _film(self) -> int:
        number, path, fields = self._media()
        got = await self._get(path, fields)
        return _judged(got, 200, right=hashlib.sha256(got.body).digest() == digest(number, self.live.size))

    async def _range(self) -> int:
        number, path, fields = self._media()
        got = await self._get(path, f"{fields}Range: bytes=1000-20999\r\n")
        return _judged(got, 206, right=got.body == segment(number, self.live.size)[1000:21000])

    async def _head(self) -> int:
        _, path, fields = self._media()
        got = await self._get(path, fields, "HEAD")
        return _judged(got, 200, right=not got.body)

    async def _call(self, key: str) -> int:
        return _judged(await self._get("/api/usage", f"X-API-Key: {key}\r\n"), 200)

    async def _auth(self) -> int:
        return _judged(await self._get("/api/auth", f"X-API-Key: {self.partner}\r\n", "POST"), 200)

    async def _public(self) -> int:
        """Over its limit: admitted as often as it may be, and else refused."""
        sent = time.monotonic()
        got = await self._get("/api/usage", "X-API-Key: public_api_key\r\n")
        if got.status != 200:
            return _judged(got, 429)
        self._admitted = [at for at in self._admitted if at > sent - CHARGED] + [time.monotonic()]
        return 0 if len(self._admitted) <= PUBLIC else 200

    async def _cut(self) -> int:
        path = f"/api?url={quote(f'{self.origin}/bytes/{LONG}', safe='')}"
        with suppress(OSError, TimeoutError):
            reader = await Reader.open(self.port, path, f"X-Session-Token: {self.token}\r\n", 64 * 1024)
            for _ in range(3):
                await asyncio.sleep(0.1)
                reader.take(64 * 1024)
            reader.reset()
            return 0 if reader.status == 200 and reader.size else reader.status or -1
        return -1


def _judged(got: Got, status: int, *, right: bool = True) -> int:
    if got.status == BROKEN:
        return -1
    return 0 if got.status == status and right else (got.status if got.status != status else -1)


def _spread() -> list[str]:
    """All kinds with their shares, each evenly among the others."""
    places = ((number / share, kind) for kind, share in SHARES.items() for number in range(share))
    return [kind for _, kind in sorted(places)]
