"""Requests in sliding windows: never more than the limit in any window, and never a refusal without need."""

from __future__ import annotations

import asyncio

import pytest

from gateway.limits import Counter, Decision, OnStoreError
from gateway.store.redis_store import RedisStore
from gateway.units import Positive, Rate, Seconds
from tests.store.clock import Clock

K = Counter("k", "p", OnStoreError.DENY)


def rates(*texts: str) -> tuple[Rate, ...]:
    return tuple(Rate.parse(text) for text in texts)


def remaining(decision: Decision) -> list[int]:
    return [window.remaining for window in decision.windows]


async def test_a_window_admits_its_limit_and_says_what_is_left(store: RedisStore) -> None:
    taken = [await store.requests.take(K, rates("3/60s"), 1) for _ in range(4)]
    assert [it.admitted for it in taken] == [True, True, True, False]
    assert [remaining(it) for it in taken] == [[2], [1], [0], [0]]
    assert all(40 < it.windows[0].reset <= 60 for it in taken)
    assert [it.retry_after for it in taken[:3]] == [0, 0, 0]
    assert taken[3].retry_after == taken[3].windows[0].retry_after == pytest.approx(taken[3].windows[0].reset)


async def test_a_denial_costs_nothing_and_room_comes_as_the_oldest_leaves(store: RedisStore) -> None:
    two = rates("2/1s")
    assert (await store.requests.take(K, two, 1)).admitted
    await asyncio.sleep(0.5)
    assert (await store.requests.take(K, two, 1)).admitted
    denied = [await store.requests.take(K, two, 1) for _ in range(20)]
    assert not any(it.admitted for it in denied)
    await asyncio.sleep(denied[-1].retry_after + 0.01)
    assert (await store.requests.take(K, two, 1)).admitted


async def test_all_windows_have_room_or_none_is_charged(store: RedisStore) -> None:
    both = rates("2/1s", "3/60s")
    assert [(await store.requests.take(K, both, 1)).admitted for _ in range(2)] == [True, True]
    denied = await store.requests.take(K, both, 1)
    assert (denied.admitted, remaining(denied)) == (False, [0, 1])
    assert 0 < denied.windows[0].retry_after <= 1
    assert (denied.windows[1].retry_after, denied.retry_after) == (0, denied.windows[0].retry_after)
    await asyncio.sleep(denied.retry_after + 0.01)
    last = await store.requests.take(K, both, 1)
    assert (last.admitted, remaining(last)) == (True, [1, 0])
    full = await store.requests.take(K, both, 1)
    assert (full.admitted, remaining(full), full.windows[0].retry_after) == (False, [1, 0], 0)
    assert full.retry_after > 30


async def test_a_request_weighs_its_cost_or_nothing(store: RedisStore) -> None:
    ten = rates("10/60s")
    assert remaining(await store.requests.take(K, ten, 7)) == [3]
    denied = await store.requests.take(K, ten, 4)
    assert (denied.admitted, remaining(denied)) == (False, [3])
    assert remaining(await store.requests.take(K, ten, 3)) == [0]


async def test_a_heavy_request_counts_in_full(store: RedisStore) -> None:
    assert remaining(await store.requests.take(K, rates("5000/60s"), 2500)) == [2500]
    assert remaining(await store.requests.take(K, rates("5000/60s"), 2500)) == [0]


async def test_looking_tells_what_taking_would_and_counts_nothing(store: RedisStore) -> None:
    two = rates("2/60s")
    for _ in range(5):
        seen = await store.requests.peek(K, two, 1)
        assert (seen.admitted, remaining(seen), seen.windows[0].reset) == (True, [2], 0)
    await store.requests.take(K, two, 1)
    assert remaining(await store.requests.peek(K, two, 1)) == [1]
    heavy = await store.requests.peek(K, two, 2)
    assert (heavy.admitted, remaining(heavy)) == (False, [1])
    assert heavy.retry_after > 30


async def test_counters_and_policies_count_apart(store: RedisStore) -> None:
    for counter_id, policy in (("a", "p"), ("b", "p"), ("a", "q")):
        counter = Counter(counter_id, policy, OnStoreError.DENY)
        assert (await store.requests.take(counter, rates("1/60s"), 1)).admitted


async def test_what_a_counter_is_called_matters_to_nobody(store: RedisStore) -> None:
    names = ["}", "a}b", "{a}", "ü", "a b", "a:p", "*"]
    counters = [Counter(name, "p", OnStoreError.DENY) for name in names]
    for _ in range(2):
        told = await asyncio.gather(*(store.requests.take(counter, rates("2/60s"), 1) for counter in counters))
        assert all(it.admitted for it in told)
    assert not (await store.requests.take(counters[1], rates("2/60s"), 1)).admitted


async def test_a_changed_limit_holds_at_once_over_the_same_entries(store: RedisStore) -> None:
    for _ in range(10):
        await store.requests.take(K, rates("10/2s"), 1)
        await asyncio.sleep(0.01)
    raised = await store.requests.take(K, rates("12/2s"), 1)
    assert (raised.admitted, remaining(raised)) == (True, [1])
    lowered = await store.requests.take(K, rates("3/2s"), 1)
    assert (lowered.admitted, remaining(lowered)) == (False, [0])
    assert lowered.retry_after > lowered.windows[0].reset  # the oldest leaving makes no room yet
    await asyncio.sleep(lowered.retry_after + 0.01)
    assert (await store.requests.take(K, rates("3/2s"), 1)).admitted


async def test_a_window_that_is_added_by_an_edit_finds_what_was_counted(store: RedisStore) -> None:
    for _ in range(3):
        await store.requests.take(K, rates("5/60s"), 1)
    assert remaining(await store.requests.take(K, rates("5/60s", "9/30s"), 1)) == [1, 5]
    assert remaining(await store.requests.take(K, rates("9/30s"), 1)) == [4]


async def test_many_asks_of_one_moment_see_each_other(store: RedisStore) -> None:
    told = await asyncio.gather(*(store.requests.take(K, rates("100/60s"), 1) for _ in range(1200)))
    assert sorted(remaining(it) for it in told if it.admitted) == [[left] for left in range(100)]
    assert sum(it.admitted for it in told) == 100


async def test_a_store_that_has_forgotten_the_script_counts_once(store: RedisStore) -> None:
    for left in range(4, -1, -1):
        assert remaining(await store.requests.take(K, rates("5/60s"), 1)) == [left]
        await store._redis.script_flush()


async def test_the_longest_window_and_the_highest_limit_are_told_right(store: RedisStore) -> None:
    endless = (Rate(Positive(999_999_999_999), Seconds(999_999_999 * 86400)),)
    taken = await store.requests.take(K, endless, 1)
    assert remaining(taken) == [999_999_999_998]
    assert taken.windows[0].reset > 99 * 365 * 86400


async def test_looking_at_a_shorter_window_loses_nothing_of_a_longer_one(frozen: RedisStore, clock: Clock) -> None:
    await frozen.requests.take(K, rates("2/60s"), 2)
    clock.advance(10)
    assert remaining(await frozen.requests.peek(K, rates("2/5s"), 1)) == [2]
    assert remaining(await frozen.requests.peek(K, rates("2/60s"), 1)) == [0]


async def test_what_is_counted_is_forgotten_after_the_longest_window(frozen: RedisStore, clock: Clock) -> None:
    await frozen.requests.take(K, rates("3/60s", "9/10s"), 2)
    assert await frozen._redis.keys() == [b"sg:{k}:p"]
    clock.advance(60.001)
    assert await frozen._redis.keys() == []


async def test_a_clock_that_is_set_back_a_little_lets_nobody_in_early(frozen: RedisStore, clock: Clock) -> None:
    two = rates("2/60s")
    await frozen.requests.take(K, two, 1)
    clock.advance(-20)
    assert (await frozen.requests.take(K, two, 1)).admitted
    denied = await frozen.requests.take(K, two, 1)
    assert (denied.admitted, denied.retry_after) == (False, 80)
    clock.advance(79.999999)
    assert not (await frozen.requests.peek(K, two, 1)).admitted
    clock.advance(0.000001)
    assert (await frozen.requests.peek(K, two, 1)).admitted


async def test_a_clock_that_is_set_back_far_shuts_nobody_out(frozen: RedisStore, clock: Clock) -> None:
    clock.advance(86400)
    await frozen.requests.take(K, rates("1/60s"), 1)
    clock.advance(-86400)
    assert (await frozen.requests.take(K, rates("1/60s"), 1)).admitted
    denied = await frozen.requests.take(K, rates("1/60s"), 1)
    assert (denied.admitted, denied.retry_after) == (False, 60)
