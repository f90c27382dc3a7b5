"""When something was first seen, by the store's clock."""

from __future__ import annotations

import asyncio

from gateway.limits import Counter, OnStoreError
from gateway.store.redis_store import RedisStore
from tests.store.clock import Clock

K = Counter("k", "p", OnStoreError.DENY)


async def test_an_age_counts_from_the_first_time(store: RedisStore) -> None:
    assert await store.beginnings.age(K, "m", 60) == 0
    await asyncio.sleep(0.05)
    first = await store.beginnings.age(K, "m", 60)
    assert 0.05 <= first < 20
    assert await store.beginnings.peek(K, "m") >= first
    assert await store.beginnings.age(K, "n", 60) == 0
    assert await store.beginnings.age(Counter("k", "q", K.on_error), "m", 60) == 0


async def test_looking_remembers_nothing(store: RedisStore) -> None:
    assert await store.beginnings.peek(K, "m") == 0
    await asyncio.sleep(0.01)
    assert await store.beginnings.age(K, "m", 60) == 0


async def test_a_beginning_is_remembered_from_then_and_not_from_the_last_time(frozen: RedisStore, clock: Clock) -> None:
    await frozen.beginnings.age(K, "m", 60)
    clock.advance(59.999)
    assert await frozen.beginnings.age(K, "m", 60) == 59.999
    clock.advance(0.002)
    assert await frozen.beginnings.age(K, "m", 60) == 0


async def test_nothing_is_younger_than_new_when_the_clock_is_set_back(frozen: RedisStore, clock: Clock) -> None:
    await frozen.beginnings.age(K, "m", 60)
    clock.advance(-30)
    assert await frozen.beginnings.age(K, "m", 60) == 0
    clock.advance(40)
    assert await frozen.beginnings.age(K, "m", 60) == 10
