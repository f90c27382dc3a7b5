"""A steady pace: in Redis for all workers, and by each worker's share while Redis does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.limits import Counter, Lane, OnStoreError
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, Ask, key
from gateway.store.batch import Batch
from gateway.store.outage import KEPT


@dataclass(frozen=True, slots=True)
class StoredPacing:
    """Implements `gateway.limits.Pacing`."""

    batch: Batch
    local: LocalPacing

    async def wait(self, counter: Counter, lanes: tuple[Lane, ...], size: int) -> float:
        """The seconds to wait before the next ``size`` bytes."""
        keys = tuple(key(counter, "pace", lane.name) for lane in lanes)
        arguments = (size * 8, tuple(lane.rate.bits_per_second for lane in lanes))
        try:
            told = await self.batch.ask(Ask("pacing", counter.counter_id, keys, arguments, 1))
        except OutOfCapacity:
            # A stream that has begun is not ended by an outage, whatever is to happen to those that come.
            return 0.0 if counter.on_error is OnStoreError.ALLOW else self.local.wait(keys, lanes, size)
        return told[0] / MICROSECONDS


class LocalPacing:
    """The worker's share of each lane's rate; ``clock`` gives seconds."""

    def __init__(self, workers: int, clock: Callable[[], float]) -> None:
        self._workers = workers
        self._clock = clock
        self._next: LRUCache[str, float] = LRUCache(KEPT)

    def wait(self, keys: tuple[str, ...], lanes: tuple[Lane, ...], size: int) -> float:
        """As the store would answer, for the lanes under ``keys``."""
        now, longest = self._clock(), 0.0
        for lane_key, lane in zip(keys, lanes, strict=True):
            begins = max(self._next.get(lane_key, 0.0), now)
            self._next[lane_key] = begins + size * 8 * self._workers / lane.rate.bits_per_second
            longest = max(longest, begins - now)
        return longest
