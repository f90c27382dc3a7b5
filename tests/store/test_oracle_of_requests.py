"""Requests in up to three windows, of any cost: the script against an oracle in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Decision, Standing
from gateway.store.redis_store import RedisStore
from gateway.units import Positive, Rate, Seconds
from tests.store.clock import MICROSECONDS, Clock
from tests.store.oracle import WAITS, K, checked, compare


@dataclass
class Log:
    """All that was ever admitted, by time."""

    admitted: list[int] = field(default_factory=list)

    def decide(self, now: int, rates: list[Rate], cost: int) -> Decision:
        """What the store is to tell of a request that is not charged."""
        return Decision(not any(self._wait(now, it, cost) for it in rates), self._windows(now, rates, cost, taken=0))

    def take(self, now: int, rates: list[Rate], cost: int) -> Decision:
        """And of one that is, if it is admitted."""
        decision = self.decide(now, rates, cost)
        if not decision.admitted:
            return decision
        self.admitted += [now] * cost
        return Decision(True, self._windows(now, rates, 0, taken=cost))

    def _windows(self, now: int, rates: list[Rate], cost: int, taken: int) -> tuple[Standing, ...]:
        return tuple(self._standing(now, it, cost, taken) for it in rates)

    def _standing(self, now: int, rate: Rate, cost: int, taken: int) -> Standing:
        inside = self._inside(now, rate)
        reset = (inside[0] + rate.window * MICROSECONDS - now) / MICROSECONDS if inside else 0.0
        wait = 0 if taken else self._wait(now, rate, cost)
        return Standing(max(rate.limit - len(inside), 0), reset, wait / MICROSECONDS)

    def _wait(self, now: int, rate: Rate, cost: int) -> int:
        """The first moment at which it would fit, found by trying all at which one leaves."""
        moments = [0, *(it + rate.window * MICROSECONDS - now for it in self._inside(now, rate))]
        return next(it for it in moments if len(self._inside(now + it, rate)) + cost <= rate.limit)

    def _inside(self, now: int, rate: Rate) -> list[int]:
        return [it for it in self.admitted if it > now - rate.window * MICROSECONDS]


rates_and_costs = st.lists(
    st.builds(Rate, st.integers(1, 6).map(Positive), st.integers(1, 4).map(Seconds)), min_size=1, max_size=3
).flatmap(
    lambda rates: st.tuples(
        st.just(rates),
        st.lists(st.tuples(WAITS, st.booleans(), st.integers(1, min(rate.limit for rate in rates))), max_size=30),
    )
)


@checked
@given(case=rates_and_costs)
def test_requests(case: tuple[list[Rate], list[tuple[int, bool, int]]], monkeypatch: pytest.MonkeyPatch) -> None:
    rates, asked = case
    clock, log = Clock(), Log()

    async def steps(store: RedisStore) -> None:
        for wait, looks, cost in asked:
            clock.now += wait
            if looks:
                assert await store.requests.peek(K, tuple(rates), cost) == log.decide(clock.now, rates, cost)
            else:
                store.requests.denials.forget()  # which tells with one rounding more
                assert await store.requests.take(K, tuple(rates), cost) == log.take(clock.now, rates, cost)

    compare(monkeypatch, clock, steps)
    for rate in rates:
        for start in log.admitted:
            within = [it for it in log.admitted if start <= it < start + rate.window * MICROSECONDS]
            assert len(within) <= rate.limit


@checked
@given(case=rates_and_costs)
def test_remembered_denials(
    case: tuple[list[Rate], list[tuple[int, bool, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, asked = case
    clock, log = Clock(), Log()

    async def steps(store: RedisStore) -> None:
        for wait, _, cost in asked:
            clock.now += wait
            told, right = await store.requests.take(K, tuple(rates), cost), log.take(clock.now, rates, cost)
            assert told.admitted == right.admitted
            assert told.retry_after <= right.retry_after + 2e-6  # lighter ones may have come in since

    compare(monkeypatch, clock, steps)
