"""Pace what is sent: each viewing session, and all that one key sends together, on whatever worker.

bandwidth: 8Mbit/s
bandwidth: {session: 8Mbit/s, key: 100Mbit/s}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.policy import Bitrate, Call, Json, Lane, Meter, Purpose

NAME = "bandwidth"
SLICE_SECONDS = 0.2
"""Of its rate, what a stream takes at once: a burst adds no more than this to any second."""

AHEAD = 8
"""A stream takes no more ahead than this part of what it has sent: what a short one took in vain would be missing to
the others, and a long one need not ask for every chunk."""

LARGEST = 512 * 1024
"""Bytes of one chunk, however high the rate."""


@dataclass(frozen=True)
class Bandwidth:
    """At most ``session`` bits a second for each viewing session, and ``key`` for all that the key sends: a steady
    pace, in which nothing is saved up for later."""

    session: Bitrate | None = None
    key: Bitrate | None = None

    def __post_init__(self) -> None:
        if self.session is None and self.key is None:
            raise ValueError("there is no rate; write session: 8Mbit/s, or key: 100Mbit/s, or both")

    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Pace requests for media; in shadow none, for there is nothing to tell, and to wait for it would be slow."""
        is_paced = call.purpose is Purpose.MEDIA and not call.in_shadow
        yield _Pace(call, self._lanes(call)) if is_paced else None

    def _lanes(self, call: Call) -> tuple[Lane, ...]:
        lanes = (Lane(call.identity.session_id, self.session) if self.session else None, _lane(self.key))
        return tuple(lane for lane in lanes if lane)

    def describe(self) -> Json:
        """Bits a second."""
        rates = {"session": self.session, "key": self.key}
        return {name: rate.bits_per_second for name, rate in rates.items() if rate}

    def allows(self) -> dict[str, float]:
        """Bits a second, for each session and for the key."""
        rates = {"bit/s for each session": self.session, "bit/s for the key": self.key}
        return {name: rate.bits_per_second for name, rate in rates.items() if rate}


def _lane(rate: Bitrate | None) -> Lane | None:
    return Lane("", rate) if rate else None


class _Pace:
    """Waits before each chunk until its turn has come. Takes a slice at a time from the store, and sends of it."""

    def __init__(self, call: Call, lanes: tuple[Lane, ...]) -> None:
        self._call = call
        self._lanes = lanes
        slowest = min(lane.rate.bits_per_second for lane in lanes)
        self._slice = max(int(slowest / 8 * SLICE_SECONDS), 1)
        self._left = self._sent = 0
        self.largest = min(self._slice, LARGEST)

    async def __call__(self, size: int, /) -> None:
        """Return when ``size`` more bytes may be sent."""
        if size > self._left:
            taken = max(size - self._left, min(self._slice, self._sent // AHEAD))
            await self._turn(taken)
            self._left += taken
        self._left -= size
        self._sent += size

    async def _turn(self, size: int) -> None:
        """Return when the turn of these bytes has come. One who leaves before gives its place back: or those who come
        later would wait for what nobody sends."""
        pacing, counter = self._call.store.pacing, self._call.counter(NAME)
        asking = asyncio.ensure_future(pacing.wait(counter, self._lanes, size))
        try:
            await asyncio.sleep(await asyncio.shield(asking))
        except asyncio.CancelledError:
            await asking
            await pacing.wait(counter, self._lanes, -size)
            raise
