"""Limit how many viewing sessions one key may have open at once, however many connections each has.

    concurrent_streams: 3
    concurrent_streams: {limit: 3, when_full: stop_oldest, idle: 30s}

A session is what a token opened, with all grants that came of it; of a key itself, one caller's use of one
presentation. It is open while it fetches media, and for ``idle`` seconds after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Literal

from gateway.policy import (
    AccessDenied,
    Call,
    Json,
    Meter,
    Positive,
    Problem,
    Purpose,
    QuotaExceeded,
    Seats,
    Seconds,
    WhenFull,
    written,
)

NAME = "concurrent_streams"
MOST = 10_000
USUAL, SHORTEST, LONGEST = Seconds(30), Seconds(5), Seconds(86400)
RENEWALS = 3
"""How often a lease is renewed before it would end."""

SLOWEST = 12 * 1024
"""Bytes a second that a client takes at least, if its seat is to be held while it takes a chunk."""


class TooManyStreams(QuotaExceeded):
    """All seats of the key are taken."""

    error = "Too many streams"


@dataclass(frozen=True)
class ConcurrentStreams:
    """At most ``limit`` viewing sessions. One more is refused, or stops the one that began first: that one ends where
    it is, and is refused from then on."""

    limit: Positive
    when_full: Literal["reject", "stop_oldest"] = "reject"
    idle: Seconds = USUAL

    def __post_init__(self) -> None:
        if self.limit > MOST:
            raise ValueError(f"{self.limit} sessions are more than can be remembered; the most is {MOST}")
        if self.idle < SHORTEST:
            raise ValueError(f"an idle time of {self.idle}s is shorter than players pause; the least is {SHORTEST}s")
        if self.idle > LONGEST:
            raise ValueError(f"an idle time of {written(self.idle)} holds seats for nobody; the most is 1d")

    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Hold a seat while media is sent; raise `TooManyStreams` if there is none, `AccessDenied` if the session was
        stopped."""
        if call.purpose is not Purpose.MEDIA:
            yield None
            return
        seat = _Seat(call, self._seats(call), call.identity.session_id)
        # A client that leaves now does not hear whether it sits: `leave_unused` does.
        sitting = asyncio.ensure_future(seat.take())
        try:
            await asyncio.shield(sitting)
            yield seat
        finally:
            await asyncio.shield(seat.leave_unused(sitting))

    def _seats(self, call: Call) -> Seats:
        when_full = WhenFull(self.when_full)
        # A token's session can be begun anew with another token. What a key itself views is always the same session:
        # it stays stopped for no longer than all its responses take to notice.
        ban = call.longest_session if call.identity.session_ends else self.idle
        return Seats(call.counter(NAME), self.limit, self.idle, when_full, ban)

    def describe(self) -> Json:
        """The limit, and what happens when it is reached; ``idle`` in seconds."""
        return {"limit": self.limit, "when_full": self.when_full, "idle": self.idle}

    async def report(self, call: Call) -> Json:
        """The limit, and how many sessions are open now."""
        seen = await call.store.seats.peek(self._seats(call), call.identity.session_id)
        return {"limit": self.limit, "when_full": self.when_full, "idle": self.idle, "open": seen.taken}

    def allows(self) -> dict[str, float]:
        """Streams at once."""
        return {"streams at once": self.limit}


class _Seat:
    """The session's seat, held on to while media is sent."""

    def __init__(self, call: Call, seats: Seats, member: str) -> None:
        self._call = call
        self._due = 0.0
        self.seats = seats
        self._member = member
        self._used = False
        # A slow client must not take longer over one chunk than the lease has left when it is not yet due.
        self.largest = min(256 * 1024, SLOWEST * (seats.lease - seats.lease // RENEWALS))

    async def take(self) -> bool:
        """Sit down, or stay; whether the seat was free before."""
        seating = await self._call.store.seats.sit(self.seats, self._member)
        self._due = self._call.clock() + self.seats.lease / RENEWALS
        tier = self._call.identity.tier
        if seating.stopped:
            raise AccessDenied("A newer stream of the key has stopped this one; a new token begins another.")
        if not seating.seated:
            soon = written(self.seats.lease)
            told = f"The key has {seating.taken} streams open, and no more are allowed; one may end within {soon}."
            limit = {"limit": self.seats.limit, "open": seating.taken}
            raise TooManyStreams(tier, NAME, seating.retry_after, told, **limit)
        return seating.is_new

    async def leave_unused(self, sitting: Awaitable[bool]) -> None:
        """Free a seat that was taken for nothing: refused by another policy or by the origin, or given up by its client
        before it began."""
        try:
            is_new = await sitting
        except Problem:
            return
        if is_new and not self._used:
            await self._call.store.seats.leave(self.seats, self._member)

    async def __call__(self, size: int, /) -> None:
        """Renew the lease when it is due."""
        self._used = self._used or size > 0
        if self._call.clock() >= self._due:
            await self.take()
