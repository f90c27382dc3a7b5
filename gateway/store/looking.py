"""A store that only looks: it answers what another would answer now, and counts nothing there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.limits import Counter, Decision, Lane, Seating, Seats, Spending, Standing, Store
from gateway.problem import OutOfCapacity
from gateway.store.outage import without_store
from gateway.units import Rate, Volume


class LookingStore:
    """Implements `gateway.limits.Store` on what ``store`` says when it is only asked.

    While that one does not answer, the counter's ``on_error`` holds, as it does for a request: deny raises
    `OutOfCapacity`, allow admits. What a worker then counts for itself is not seen, and taken for nothing.
    """

    def __init__(self, store: Store) -> None:
        self._outages = Outages()
        self.requests = LookingRequests(store, self._outages)
        self.seats = LookingSeats(store, self._outages)
        self.volumes = LookingVolumes(store, self._outages)
        self.pacing = LookingPacing()
        self.beginnings = LookingBeginnings(store, self._outages)

    @property
    def is_blind(self) -> bool:
        """Whether the store has failed to answer."""
        return self._outages.any


@dataclass(slots=True)
class Outages:
    """Whether there were any."""

    any: bool = False


@dataclass(frozen=True, slots=True)
class LookingRequests:
    """Implements `gateway.limits.RequestLogs`."""

    store: Store
    outages: Outages

    async def take(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """What taking would answer: the standings with this request in them, if it is admitted."""
        try:
            seen = await self.store.requests.peek(counter, rates, cost)
        except OutOfCapacity:
            self.outages.any = True
            seen = Decision(admitted=True, windows=tuple(Standing(rate.limit, 0.0, 0.0) for rate in rates))
            return without_store(counter, seen, lambda: seen)
        if not seen.admitted:
            return seen
        after = (_with_one_more(it, rate, cost) for it, rate in zip(seen.windows, rates, strict=True))
        return Decision(admitted=True, windows=tuple(after))

    async def peek(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """As the store says."""
        return await self.store.requests.peek(counter, rates, cost)


def _with_one_more(standing: Standing, rate: Rate, cost: int) -> Standing:
    """An empty window's oldest request would be this one."""
    return replace(standing, remaining=max(standing.remaining - cost, 0), reset=standing.reset or float(rate.window))


@dataclass(frozen=True, slots=True)
class LookingSeats:
    """Implements `gateway.limits.SeatLeases`."""

    store: Store
    outages: Outages

    async def sit(self, seats: Seats, member: str) -> Seating:
        """What sitting down would answer."""
        try:
            seen = await self.store.seats.peek(seats, member)
        except OutOfCapacity:
            self.outages.any = True
            free = Seating(seated=True, is_new=True, stopped=False, taken=0, retry_after=0.0)
            return without_store(seats.counter, free, lambda: free)
        return replace(seen, taken=min(seen.taken + 1, seats.limit)) if seen.seated and seen.is_new else seen

    async def leave(self, seats: Seats, member: str) -> None:
        """Nothing was taken."""

    async def peek(self, seats: Seats, member: str) -> Seating:
        """As the store says."""
        return await self.store.seats.peek(seats, member)


@dataclass(frozen=True, slots=True)
class LookingVolumes:
    """Implements `gateway.limits.ByteVolumes`."""

    store: Store
    outages: Outages

    async def reserve(self, counter: Counter, volumes: tuple[Volume, ...], wanted: int, least: int) -> Spending:
        """What would be granted."""
        try:
            seen = await self.store.volumes.peek(counter, volumes)
        except OutOfCapacity:
            self.outages.any = True
            all_of_it = Spending(wanted, (0,) * len(volumes), (0.0,) * len(volumes))
            return without_store(counter, all_of_it, lambda: all_of_it)
        room = min(volume.size - used for volume, used in zip(volumes, seen.used, strict=True))
        granted = next((size for size in (wanted, least) if size <= room), 0)
        return Spending(granted, tuple(used + granted for used in seen.used), seen.resets)

    async def spend(self, counter: Counter, volumes: tuple[Volume, ...], size: int) -> Spending:
        """Nothing is spent, and nothing given back."""
        return Spending(0, (0,) * len(volumes), (0.0,) * len(volumes))

    async def peek(self, counter: Counter, volumes: tuple[Volume, ...]) -> Spending:
        """As the store says."""
        return await self.store.volumes.peek(counter, volumes)


@dataclass(frozen=True, slots=True)
class LookingPacing:
    """Implements `gateway.limits.Pacing`."""

    async def wait(self, counter: Counter, lanes: tuple[Lane, ...], size: int) -> float:
        """Nothing is sent, so nothing waits."""
        return 0.0


@dataclass(frozen=True, slots=True)
class LookingBeginnings:
    """Implements `gateway.limits.Beginnings`."""

    store: Store
    outages: Outages

    async def age(self, counter: Counter, member: str, keep: int) -> float:
        """What is remembered already."""
        try:
            return await self.store.beginnings.peek(counter, member)
        except OutOfCapacity:
            self.outages.any = True
            return without_store(counter, 0.0, lambda: 0.0)

    async def peek(self, counter: Counter, member: str) -> float:
        """As the store says."""
        return await self.store.beginnings.peek(counter, member)
