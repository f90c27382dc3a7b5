"""A steady pace: what shares a lane sends no faster than it, and an idle lane saves nothing up."""

from __future__ import annotations

import asyncio

import pytest

from gateway.limits import Counter, Lane, OnStoreError
from gateway.store.redis_store import RedisStore
from gateway.units import Bitrate
from tests.store.clock import Clock

K = Counter("k", "p", OnStoreError.DENY)
SLOW, FAST = Lane("s1", Bitrate(80_000)), Lane("", Bitrate(1_000_000))
"""10 kB and 125 kB a second."""


async def test_the_rate_is_kept_over_many_slices(store: RedisStore) -> None:
    waits = await asyncio.gather(*(store.pacing.wait(K, (SLOW,), 1000) for _ in range(100)))
    assert waits[0] == 0
    assert waits == pytest.approx([0.1 * number for number in range(100)], abs=0.001)


async def test_the_slower_lane_decides_and_both_are_taken(store: RedisStore) -> None:
    for number in range(3):
        wait = await store.pacing.wait(K, (SLOW, FAST), 10_000)
        assert wait == pytest.approx(number, abs=0.9)
    assert 0 <= await store.pacing.wait(K, (Lane("s2", SLOW.rate), FAST), 10_000) <= 0.24


async def test_sessions_pace_apart_and_share_the_lane_of_their_key(store: RedisStore) -> None:
    sessions, key = [Lane(f"s{number}", Bitrate(800_000)) for number in range(5)], Lane("", SLOW.rate)
    waits = await asyncio.gather(*(store.pacing.wait(K, (lane, key), 1000) for lane in sessions))
    assert waits == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.001)
    assert await store.pacing.wait(K, (sessions[0],), 1000) <= 0.01


async def test_many_slices_take_as_long_as_the_rate_says(frozen: RedisStore, clock: Clock) -> None:
    began = clock.now
    for _ in range(1000):
        clock.advance(await frozen.pacing.wait(K, (SLOW, FAST), 777))
    assert (clock.now - began) / 1e6 == pytest.approx(999 * 777 / 10_000, rel=1e-6)


async def test_what_was_not_used_is_not_saved_up(frozen: RedisStore, clock: Clock) -> None:
    await frozen.pacing.wait(K, (SLOW,), 1000)
    clock.advance(3600)
    assert [await frozen.pacing.wait(K, (SLOW,), 1000) for _ in range(3)] == [0, 0.1, 0.2]


async def test_a_queue_is_forgotten_when_it_has_been_sent(frozen: RedisStore, clock: Clock) -> None:
    await frozen.pacing.wait(K, (SLOW, FAST), 20_000)
    clock.advance(1.5)
    assert await frozen._redis.keys() == [b"sg:{k}:p:pace:s1"]
    clock.advance(1.6)
    assert await frozen._redis.keys() == []


async def test_a_clock_that_is_set_back_moves_the_queue_with_it(frozen: RedisStore, clock: Clock) -> None:
    await frozen.pacing.wait(K, (SLOW,), 10_000)
    clock.advance(-7200)
    assert await frozen.pacing.wait(K, (SLOW,), 1000) == 1.0
    assert await frozen.pacing.wait(K, (SLOW,), 1000) == 1.1


async def test_the_highest_and_the_lowest_rate_are_kept(frozen: RedisStore) -> None:
    highest = Lane("h", Bitrate.parse("999999999Gbit/s"))
    assert [await frozen.pacing.wait(K, (highest,), 2**20) for _ in range(2)] == [0, 0]
    lowest = Lane("l", Bitrate.parse("1kbit/s"))
    assert [await frozen.pacing.wait(K, (lowest,), 25) for _ in range(2)] == [0, 0.2]
