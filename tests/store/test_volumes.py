"""Bytes of the calendar: spent to the last one, in UTC, and counted anew with each day and month."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.limits import Counter, OnStoreError, Spending
from gateway.store.redis_store import RedisStore
from gateway.units import Period, Volume
from tests.store.clock import Clock

K = Counter("k", "p", OnStoreError.DENY)
DAY, MONTH = 86400, 31 * 86400


def volumes(*texts: str) -> tuple[Volume, ...]:
    return tuple(Volume.parse(text) for text in texts)


BOTH = volumes("10kB/day", "15kB/month")


async def used(store: RedisStore, of: tuple[Volume, ...] = BOTH) -> tuple[int, ...]:
    return (await store.volumes.peek(K, of)).used


async def test_what_is_wanted_is_granted_or_the_least_that_will_do_or_nothing(store: RedisStore) -> None:
    day = volumes("10kB/day")
    told = [await store.volumes.reserve(K, day, 6000, 1000) for _ in range(6)]
    assert [it.granted for it in told] == [6000, 1000, 1000, 1000, 1000, 0]
    assert [it.used for it in told] == [(6000,), (7000,), (8000,), (9000,), (10000,), (10000,)]
    assert all(0 < it.resets[0] <= DAY for it in told)


async def test_all_volumes_have_room_or_none_is_spent(store: RedisStore) -> None:
    tight = volumes("1GB/day", "10kB/month")
    assert (await store.volumes.reserve(K, tight, 9000, 1)).used == (9000, 9000)
    refused = await store.volumes.reserve(K, tight, 5000, 2000)
    assert (refused.granted, refused.used) == (0, (9000, 9000))
    assert 0 < refused.resets[0] <= DAY
    assert refused.resets[0] <= refused.resets[1] <= MONTH


async def test_spending_goes_past_the_volume_and_giving_back_makes_room(store: RedisStore) -> None:
    await store.volumes.spend(K, BOTH, 12000)
    assert await used(store) == (12000, 12000)
    assert (await store.volumes.reserve(K, BOTH, 1, 1)).granted == 0
    await store.volumes.spend(K, BOTH, -5000)
    assert await used(store) == (7000, 7000)
    assert (await store.volumes.reserve(K, BOTH, 9000, 3000)).granted == 3000
    await store.volumes.spend(K, BOTH, -99000)
    assert await used(store) == (0, 0)


async def test_looking_spends_nothing(store: RedisStore) -> None:
    for _ in range(3):
        assert (await store.volumes.peek(K, BOTH)).granted == 0
        assert await used(store) == (0, 0)


async def test_a_volume_that_is_added_by_an_edit_finds_what_was_spent(store: RedisStore) -> None:
    await store.volumes.spend(K, volumes("10kB/day"), 4000)
    assert await used(store) == (4000, 4000)
    assert await used(store, volumes("3kB/month")) == (4000,)


async def test_many_spend_at_once_and_all_of_it_counts(store: RedisStore) -> None:
    day = volumes("1MB/day")
    told = await asyncio.gather(*(store.volumes.reserve(K, day, 3000, 500) for _ in range(400)))
    assert sum(it.granted for it in told) == 1_000_000
    assert await used(store, day) == (1_000_000,)


async def test_the_largest_volumes_are_counted_to_the_byte(store: RedisStore) -> None:
    huge = volumes("999999999TiB/month")
    await store.volumes.spend(K, huge, 9_000_000_000_000_000)
    assert (await store.volumes.reserve(K, huge, 1, 1)).used == (9_000_000_000_000_001,)


async def test_resets_are_the_ends_of_the_day_and_the_month_in_utc(store: RedisStore) -> None:
    before = datetime.now(UTC)
    told = await store.volumes.peek(K, BOTH)
    midnight = datetime.combine(before.date() + timedelta(days=1), datetime.min.time(), UTC)
    first = datetime.combine((before.date().replace(day=1) + timedelta(days=32)).replace(day=1), midnight.time(), UTC)
    late = [(end - before).total_seconds() - left for end, left in zip((midnight, first), told.resets, strict=True)]
    assert all(-1 < it < 20 for it in late)


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ("2027-01-31", 31),
        ("2027-02-28", 28),
        ("2028-02-29", 29),
        ("2100-02-28", 28),
        ("2027-04-30", 30),
        ("2027-12-31", 31),
    ],
)
async def test_a_month_ends_with_its_last_day(frozen: RedisStore, clock: Clock, last: str, days: int) -> None:
    clock.set(f"{last[:8]}01")
    assert (await frozen.volumes.peek(K, BOTH)).resets == (DAY, days * DAY)
    clock.set(f"{last}T23:59:59")
    clock.advance(0.999999)
    told = await frozen.volumes.reserve(K, BOTH, 9000, 9000)
    assert told.resets == (0.000001, 0.000001)
    assert await used(frozen) == (9000, 9000)
    clock.advance(0.000001)
    assert await used(frozen) == (0, 0)
    assert (await frozen.volumes.reserve(K, BOTH, 9000, 9000)).granted == 9000


async def test_a_day_ends_within_its_month(frozen: RedisStore, clock: Clock) -> None:
    clock.set("2028-02-28T12:00:00")
    assert (await frozen.volumes.reserve(K, BOTH, 10_000, 1)).granted == 10_000
    clock.set("2028-02-29T00:00:00")
    told = await frozen.volumes.reserve(K, BOTH, 10_000, 1000)
    assert (told.granted, told.used, told.resets) == (1000, (1000, 11_000), (DAY, DAY))


async def test_a_month_is_remembered_to_its_end_though_nothing_is_spent(frozen: RedisStore, clock: Clock) -> None:
    clock.set("2027-01-01")
    await frozen.volumes.spend(K, BOTH, 15_000)
    clock.set("2027-01-31T23:59:59")
    assert await used(frozen) == (0, 15_000)
    clock.set("2027-02-03")
    assert await frozen._redis.keys() == []


async def test_what_was_reserved_in_an_older_day_gives_nothing_back_in_a_new_one(
    frozen: RedisStore, clock: Clock
) -> None:
    clock.set("2027-01-31T23:59:59")
    await frozen.volumes.reserve(K, BOTH, 5000, 1)
    clock.advance(1)
    assert (await frozen.volumes.spend(K, BOTH, -5000)).used == (0, 0)


async def test_every_day_of_forty_years_is_in_its_month(frozen: RedisStore, clock: Clock) -> None:
    for number in range(0, 40 * 366, 3):
        day = date(2026, 1, 1) + timedelta(days=number)
        clock.set(day.isoformat())
        first = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        told: Spending = await frozen.volumes.peek(K, volumes("1kB/month"))
        assert told.resets == ((first - day).days * DAY,), day
    assert Period.MONTH.value == "month"
