"""A viewer of a live HLS stream: polls the playlist as a player does, and fetches each new segment."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter as Tally
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from benchmarks.origin import Live, digest
from benchmarks.relay.wire import Got, Wire

_NUMBER = re.compile(r"/(\d+)\.ts\b")
BEHIND = 3
"""Segments from the end at which a player begins (RFC 8216, section 6.3.3)."""


@dataclass
class Seen:
    """What all viewers saw: statuses, bodies that were not what the origin has, and for each segment that was had after
    its viewer came, the seconds from then until it was whole."""

    playlists: Tally[int] = field(default_factory=Tally)
    segments: Tally[int] = field(default_factory=Tally)
    wrong: int = 0
    late: list[float] = field(default_factory=list)


@dataclass
class Viewer:
    """One of them, with a session token of its own."""

    port: int
    origin: str
    token: str
    live: Live
    seen: Seen

    async def watch(self, until: float) -> None:
        """Until a time of `time.monotonic`."""
        wire, joined, newest = Wire(self.port), time.monotonic(), 0
        path = f"/api?url={quote(f'{self.origin}/live/list.m3u8', safe='')}"
        while (asked := time.monotonic()) < until:
            got = await wire.get(path, f"X-Session-Token: {self.token}\r\n")
            self.seen.playlists[got.status] += 1
            fresh = _after(got, newest)
            for number, uri in fresh:
                await self._fetch(wire, number, uri, joined)
                newest = number
            # RFC 8216, section 6.3.4: a whole target duration after one that has changed, half after one that has not.
            pause = self.live.seconds if fresh else self.live.seconds / 2
            await asyncio.sleep(max(min(asked + pause, until) - time.monotonic(), 0))
        wire.close()

    async def _fetch(self, wire: Wire, number: int, uri: str, joined: float) -> None:
        split = urlsplit(uri)
        got = await wire.get(f"{split.path}?{split.query}" if split.query else split.path)
        self.seen.segments[got.status] += 1
        if got.status == 200:
            self.seen.wrong += hashlib.sha256(got.body).digest() != digest(number, self.live.size)
            had = self.live.had_at(number)
            if had > joined:
                self.seen.late.append(time.monotonic() - had)


def _after(got: Got, newest: int) -> list[tuple[int, str]]:
    """The segments of a playlist that a viewer has not seen; of the first playlist the last ones."""
    lines = got.body.decode().splitlines() if got.status == 200 else []
    found = [(int(named[1]), line) for line in lines if not line.startswith("#") and (named := _NUMBER.search(line))]
    return [(number, uri) for number, uri in found[0 if newest else -BEHIND :] if number > newest]
