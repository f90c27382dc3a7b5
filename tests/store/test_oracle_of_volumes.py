"""Volumes over days and months: the script against an oracle in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Spending
from gateway.store.redis_store import RedisStore
from gateway.units import Period, Volume
from tests.store.clock import MICROSECONDS, Clock
from tests.store.oracle import K, checked, compare


@dataclass
class Ledger:
    """What was spent in each day and month, by name."""

    spent: dict[str, int] = field(default_factory=dict)

    def tell(self, now: datetime, volumes: tuple[Volume, ...], granted: int) -> Spending:
        for name in {_name(now, period) for period in Period} if granted else ():
            self.spent[name] = max(self.spent.get(name, 0) + granted, 0)
        return Spending(granted, self.used(now, volumes), tuple(_left(now, it.period) for it in volumes))

    def reserve(self, now: datetime, volumes: tuple[Volume, ...], wanted: int, least: int) -> Spending:
        room = min(it.size - used for it, used in zip(volumes, self.used(now, volumes), strict=True))
        return self.tell(now, volumes, next((size for size in (wanted, least) if size <= room), 0))

    def used(self, now: datetime, volumes: tuple[Volume, ...]) -> tuple[int, ...]:
        return tuple(self.spent.get(_name(now, it.period), 0) for it in volumes)


def _name(now: datetime, period: Period) -> str:
    return now.strftime("%Y-%m-%d" if period is Period.DAY else "%Y-%m")


def _left(now: datetime, period: Period) -> float:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight + timedelta(days=1)
    while period is Period.MONTH and end.month == now.month:
        end += timedelta(days=1)
    return (end - now) / timedelta(microseconds=1) / MICROSECONDS


@checked
@given(
    begins=st.datetimes(datetime(2024, 1, 1), datetime(2105, 1, 1)),  # noqa: DTZ001 - hypothesis draws naive ones
    sizes=st.tuples(st.integers(1, 100), st.integers(1, 200)),
    order=st.sampled_from([(0,), (1,), (0, 1), (1, 0)]),
    asked=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 3600, 43_200, 86_399, 86_400, 10 * 86_400, 28 * 86_400]),
            st.sampled_from(["reserve", "reserve", "spend", "give back", "peek"]),
            st.integers(1, 60),
            st.integers(1, 60),
        ),
        max_size=40,
    ),
)
def test_volumes(
    begins: datetime,
    sizes: tuple[int, int],
    order: tuple[int, ...],
    asked: list[tuple[int, str, int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, ledger = Clock(begins.isoformat()), Ledger()
    both = (Volume(sizes[0], Period.DAY), Volume(sizes[1], Period.MONTH))
    volumes = tuple(both[number] for number in order)

    async def steps(store: RedisStore) -> None:
        for wait, verb, size, other in asked:
            clock.advance(wait)
            now = datetime.fromtimestamp(clock.now // MICROSECONDS, UTC) + timedelta(
                microseconds=clock.now % MICROSECONDS
            )
            wanted, least = max(size, other), min(size, other)
            if verb == "reserve":
                told = await store.volumes.reserve(K, volumes, wanted, least)
                assert told == ledger.reserve(now, volumes, wanted, least)
            elif verb == "peek":
                assert await store.volumes.peek(K, volumes) == ledger.tell(now, volumes, 0)
            else:
                signed = size if verb == "spend" else -size
                assert await store.volumes.spend(K, volumes, signed) == ledger.tell(now, volumes, signed)

    compare(monkeypatch, clock, steps)
