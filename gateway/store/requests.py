"""Requests in sliding windows: in Redis, and inside the worker while Redis does not answer."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from gateway.limits import Counter, Decision, Standing
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, Ask, key, microseconds
from gateway.store.batch import Batch
from gateway.store.denials import Denials
from gateway.store.outage import KEPT, share, without_store
from gateway.units import Rate


@dataclass(frozen=True, slots=True)
class StoredRequests:
    """Implements `gateway.limits.RequestLogs`; ``clock`` gives seconds."""

    batch: Batch
    denials: Denials
    local: LocalRequests
    clock: Callable[[], float]

    async def take(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """Count one request; a denial is not counted, and remembered for a while."""
        asked = (counter, rates, cost)
        if denial := self.denials.get(asked):
            return denial
        at = self.clock()
        try:
            decision = _decision(await self.batch.ask(_ask("take", counter, rates, cost)))
        except OutOfCapacity:
            self.denials.forget()
            return without_store(counter, _open(rates), lambda: self.local.take(counter, rates, cost))
        if not decision.admitted:
            self.denials.remember(asked, decision, at)
        return decision

    async def peek(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """What `take` would answer now, counting nothing."""
        return _decision(await self.batch.ask(_ask("peek", counter, rates, cost)))


def _ask(verb: str, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Ask:
    windows = tuple([(rate.limit, microseconds(rate.window)) for rate in rates])
    return Ask("requests", counter.counter_id, (key(counter),), (verb, cost, windows), 1 + 3 * len(rates))


def _decision(told: Sequence[int]) -> Decision:
    windows = (
        Standing(told[at], told[at + 1] / MICROSECONDS, told[at + 2] / MICROSECONDS) for at in range(1, len(told), 3)
    )
    return Decision(bool(told[0]), tuple(windows))


def _open(rates: tuple[Rate, ...]) -> Decision:
    return Decision(admitted=True, windows=tuple(Standing(rate.limit, 0.0, 0.0) for rate in rates))


class LocalRequests:
    """Counts by the worker's share of each limit, at least one; ``clock`` gives seconds."""

    def __init__(self, workers: int, clock: Callable[[], float]) -> None:
        self._workers = workers
        self._clock = clock
        self._logs: LRUCache[tuple[str, str], deque[float]] = LRUCache(KEPT)

    def take(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """Count one request; a denial is not counted."""
        now = self._clock()
        log = self._log(counter)
        while log and log[0] <= now - max(rate.window for rate in rates):
            log.popleft()
        waits = [self._wait(log, rate, cost, now) for rate in rates]
        if not any(waits):
            log.extend([now] * cost)
        return Decision(not any(waits), tuple(self._standing(log, *it, now) for it in zip(rates, waits, strict=True)))

    def _wait(self, log: deque[float], rate: Rate, cost: int, now: float) -> float:
        """Seconds until there is room; what weighs more than one worker's share fits into an empty window."""
        place = max(share(rate.limit, self._workers) - cost + 1, 1)
        return max(log[-place] + rate.window - now, 0.0) if place <= len(log) else 0.0

    def _standing(self, log: deque[float], rate: Rate, wait: float, now: float) -> Standing:
        gone = bisect_right(log, now - rate.window)
        remaining = max(share(rate.limit, self._workers) - (len(log) - gone), 0)
        return Standing(remaining, log[gone] + rate.window - now if gone < len(log) else 0.0, wait)

    def _log(self, counter: Counter) -> deque[float]:
        return self._logs.setdefault((counter.counter_id, counter.policy), deque())
