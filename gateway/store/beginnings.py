"""When something was first seen: in Redis, and inside the worker while Redis does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.limits import Counter
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, Ask, key, microseconds
from gateway.store.batch import Batch
from gateway.store.outage import KEPT, without_store


@dataclass(frozen=True, slots=True)
class StoredBeginnings:
    """Implements `gateway.limits.Beginnings`."""

    batch: Batch
    local: LocalBeginnings

    async def age(self, counter: Counter, member: str, keep: int) -> float:
        """Seconds since the first time."""
        try:
            return await self._told(counter, member, "age", keep)
        except OutOfCapacity:
            return without_store(counter, 0.0, lambda: self.local.age(key(counter, member)))

    async def peek(self, counter: Counter, member: str) -> float:
        """Seconds since the first time, remembering nothing."""
        return await self._told(counter, member, "peek", 0)

    async def _told(self, counter: Counter, member: str, verb: str, keep: int) -> float:
        keys = (key(counter, "since", member),)
        told = await self.batch.ask(Ask("beginnings", counter.counter_id, keys, (verb, microseconds(keep)), 1))
        return told[0] / MICROSECONDS


class LocalBeginnings:
    """What one worker has seen; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: LRUCache[str, float] = LRUCache(KEPT)

    def age(self, name: str) -> float:
        """Seconds since the first time."""
        now = self._clock()
        return now - self._began.setdefault(name, now)
