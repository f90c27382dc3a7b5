"""Seats whose number is edited now and then: the script against an oracle in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Seating, Seats, WhenFull
from gateway.store.redis_store import RedisStore
from tests.store.clock import MICROSECONDS, Clock
from tests.store.oracle import WAITS, K, checked, compare


@dataclass
class Room:
    """Who sits since when and until when, and who is stopped until when."""

    limit: int
    lease: int
    when_full: WhenFull
    ban: int
    ends: dict[str, int] = field(default_factory=dict)
    began: dict[str, tuple[int, str]] = field(default_factory=dict)
    stopped: dict[str, int] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def sit(self, now: int, member: str, *, looks: bool) -> Seating:
        self._go_on(now)
        taken, held = len(self.ends), member in self.ends
        if member in self.stopped:
            return Seating(False, False, True, taken, 0.0)
        if not held and taken >= self.limit and self.when_full is WhenFull.REJECT:
            free = sorted(self.ends.values())[taken - self.limit]
            return Seating(False, False, False, taken, (free - now) / MICROSECONDS)
        if not looks:
            while not held and len(self.ends) >= self.limit:
                oldest = min(self.began, key=lambda it: self.began[it])
                self._free(oldest)
                self.stopped[oldest] = now + max(self.ban, self.lease) * MICROSECONDS
            self.began.setdefault(member, (now, member))
            self.ends[member] = now + self.lease * MICROSECONDS
            self.held |= {member} if held else set()
            taken = len(self.ends)
        return Seating(True, not held, False, taken, 0.0)

    def leave(self, now: int, member: str) -> None:
        """Only if none has held the seat since it was taken."""
        self._go_on(now)
        if member not in self.held:
            self._free(member)

    def _free(self, member: str) -> None:
        self.held.discard(member)
        self.ends.pop(member, None)
        self.began.pop(member, None)

    def _go_on(self, now: int) -> None:
        for member in [it for it, end in self.ends.items() if end <= now]:
            self._free(member)
        self.stopped = {member: end for member, end in self.stopped.items() if end > now}


@checked
@given(
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    lease=st.integers(1, 3),
    when_full=st.sampled_from(WhenFull),
    ban=st.integers(0, 5),
    asked=st.lists(
        st.tuples(WAITS, st.sampled_from(["sit", "sit", "sit", "leave", "peek"]), st.sampled_from("abcdef")),
        max_size=40,
    ),
)
def test_seats(
    limits: list[int],
    lease: int,
    when_full: WhenFull,
    ban: int,
    asked: list[tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit is edited now and then."""
    clock, room = Clock(), Room(limits[0], lease, when_full, ban)

    async def steps(store: RedisStore) -> None:
        for number, (wait, verb, member) in enumerate(asked):
            clock.now += wait
            room.limit = limits[number // 10 % len(limits)]
            seats = Seats(K, room.limit, lease, when_full, ban)
            if verb == "leave":
                await store.seats.leave(seats, member)
                room.leave(clock.now, member)
            elif verb == "peek":
                assert await store.seats.peek(seats, member) == room.sit(clock.now, member, looks=True)
            else:
                assert await store.seats.sit(seats, member) == room.sit(clock.now, member, looks=False)

    compare(monkeypatch, clock, steps)
