"""Bytes of the calendar: in Redis, and remembered inside the worker while Redis does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from cachetools import LRUCache

from gateway.limits import Counter, Spending
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, Ask, key
from gateway.store.batch import Batch
from gateway.store.outage import KEPT, Unanswered, without_store
from gateway.units import Period, Volume

_SOON = 1.0
"""Seconds: when to ask again while nobody knows how the volumes stand."""

_LARGEST = 2**62
"""Bytes that are as good as no limit: no more than any Lua takes for a whole number."""


@dataclass(slots=True)
class _Account:
    """What one worker knows of a counter: what was told last, and what was spent since and is not in the store."""

    used: dict[Period, int] = field(default_factory=dict)
    unpaid: int = 0


@dataclass(frozen=True, slots=True)
class StoredVolumes:
    """Implements `gateway.limits.ByteVolumes`. What was spent while the store did not answer is paid at the next ask
    of the same counter, but for the few calls that the store may have counted without an answer: nothing is paid
    twice."""

    batch: Batch
    _accounts: LRUCache[tuple[str, str], _Account] = field(default_factory=lambda: LRUCache(KEPT))

    async def reserve(self, counter: Counter, volumes: tuple[Volume, ...], wanted: int, least: int) -> Spending:
        """Spend bytes if there is room for them."""
        account = self._account(counter)
        try:
            if account.unpaid:
                await self.spend(counter, volumes, 0)
            return await self._told(counter, volumes, ("reserve", wanted, least))
        except OutOfCapacity as problem:
            granted = without_store(counter, wanted, lambda: _granted(account, volumes, wanted, least))
            return _spent_without_store(account, volumes, granted, problem)

    async def spend(self, counter: Counter, volumes: tuple[Volume, ...], size: int) -> Spending:
        """Spend bytes whether there is room or not, and what is unpaid."""
        # Who reports what was sent may have been cancelled, because its client has left; it was sent all the same.
        return await asyncio.shield(self._spend(counter, volumes, size))

    async def peek(self, counter: Counter, volumes: tuple[Volume, ...]) -> Spending:
        """How the volumes stand."""
        return await self._told(counter, volumes, ("peek", 0, 0))

    async def _spend(self, counter: Counter, volumes: tuple[Volume, ...], size: int) -> Spending:
        account = self._account(counter)
        size, account.unpaid = size + account.unpaid, 0  # before it is sent: nobody else shall pay it too
        try:
            return await self._told(counter, volumes, ("spend", size, size))
        except OutOfCapacity as problem:
            return _spent_without_store(account, volumes, size, problem)

    async def _told(self, counter: Counter, volumes: tuple[Volume, ...], how: tuple[str, int, int]) -> Spending:
        arguments = (*how, tuple((volume.period.value, min(volume.size, _LARGEST)) for volume in volumes))
        told = await self.batch.ask(
            Ask("volumes", counter.counter_id, (key(counter, "bytes"),), arguments, 1 + 2 * len(volumes))
        )
        spending = _spending(told)
        for volume, used in zip(volumes, spending.used, strict=True):
            self._account(counter).used[volume.period] = used
        return spending

    def _account(self, counter: Counter) -> _Account:
        return self._accounts.setdefault((counter.counter_id, counter.policy), _Account())


def _granted(account: _Account, volumes: tuple[Volume, ...], wanted: int, least: int) -> int:
    """By what was known when the store last answered, and what this worker has spent since."""
    used = _known(account, volumes)
    room = min(volume.size - spent for volume, spent in zip(volumes, used, strict=True))
    return next((size for size in (wanted, least) if size <= room), 0)


def _spent_without_store(account: _Account, volumes: tuple[Volume, ...], size: int, why: OutOfCapacity) -> Spending:
    """Remember what is to be paid, or was paid without an answer."""
    if isinstance(why, Unanswered):
        for period in Period:
            account.used[period] = account.used.get(period, 0) + size
    else:
        account.unpaid += size
    return Spending(size, _known(account, volumes), (_SOON,) * len(volumes))


def _known(account: _Account, volumes: tuple[Volume, ...]) -> tuple[int, ...]:
    return tuple(max(account.used.get(volume.period, 0) + account.unpaid, 0) for volume in volumes)


def _spending(told: Sequence[int]) -> Spending:
    return Spending(told[0], tuple(told[1::2]), tuple(left / MICROSECONDS for left in told[2::2]))
