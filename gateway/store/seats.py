"""Seats: leases in Redis, and inside the worker while Redis does not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.limits import Seating, Seats, WhenFull
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, Ask, key, microseconds
from gateway.store.batch import Batch
from gateway.store.outage import KEPT, share, without_store

_FREE = Seating(seated=True, is_new=False, stopped=False, taken=0, retry_after=0.0)


@dataclass(frozen=True, slots=True)
class StoredSeats:
    """Implements `gateway.limits.SeatLeases`."""

    batch: Batch
    local: LocalSeats

    async def sit(self, seats: Seats, member: str) -> Seating:
        """Take a seat or hold it."""
        try:
            return _seating(await self.batch.ask(_ask("sit", seats, member)))
        except OutOfCapacity:
            return without_store(seats.counter, _FREE, lambda: self.local.sit(seats, member))

    async def leave(self, seats: Seats, member: str) -> None:
        """Free a seat now, or leave it to its lease."""
        self.local.leave(seats, member)
        try:
            await self.batch.ask(_ask("leave", seats, member))
        except OutOfCapacity:
            return

    async def peek(self, seats: Seats, member: str) -> Seating:
        """What `sit` would answer now, taking nothing."""
        return _seating(await self.batch.ask(_ask("peek", seats, member)))


def _ask(verb: str, seats: Seats, member: str) -> Ask:
    counter = seats.counter
    keys = (key(counter, "seats"), key(counter, "began"), key(counter, "stopped"))
    lease, ban = microseconds(seats.lease), microseconds(max(seats.ban, seats.lease))
    return Ask("seats", counter.counter_id, keys, (verb, member, seats.limit, lease, seats.when_full.value, ban), 4)


def _seating(told: Sequence[int]) -> Seating:
    return Seating(
        seated=told[0] == 1,
        is_new=bool(told[1]),
        stopped=told[0] == 2,
        taken=told[2],
        retry_after=told[3] / MICROSECONDS,
    )


@dataclass(frozen=True, slots=True)
class _Lease:
    """When a seat ends, and whether it has been held since it was taken."""

    ends: float
    was_held: bool


class LocalSeats:
    """The worker's share of the seats, at least one; ``clock`` gives seconds."""

    def __init__(self, workers: int, clock: Callable[[], float]) -> None:
        self._workers = workers
        self._clock = clock
        self._taken: LRUCache[tuple[str, str], dict[str, _Lease]] = LRUCache(KEPT)

    def sit(self, seats: Seats, member: str) -> Seating:
        """Take a seat or hold it. One who is stopped here to make room is not remembered: it may come back."""
        now, limit, taken = self._clock(), share(seats.limit, self._workers), self._living(seats)
        held = member in taken
        while not held and len(taken) >= limit and seats.when_full is WhenFull.STOP_OLDEST:
            del taken[next(iter(taken))]
        if not held and len(taken) >= limit:
            wait = sorted(lease.ends for lease in taken.values())[len(taken) - limit] - now
            return Seating(seated=False, is_new=False, stopped=False, taken=len(taken), retry_after=wait)
        taken[member] = _Lease(now + seats.lease, held)
        return Seating(seated=True, is_new=not held, stopped=False, taken=len(taken), retry_after=0.0)

    def leave(self, seats: Seats, member: str) -> None:
        """Free a seat that none has held since it was taken."""
        taken = self._living(seats)
        if member in taken and not taken[member].was_held:
            del taken[member]

    def _living(self, seats: Seats) -> dict[str, _Lease]:
        """The seats that are taken, longest first."""
        name = (seats.counter.counter_id, seats.counter.policy)
        now = self._clock()
        self._taken[name] = {who: lease for who, lease in self._taken.get(name, {}).items() if lease.ends > now}
        return self._taken[name]
