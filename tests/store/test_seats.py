"""Seats: as many as there are, each held by a lease that ends by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.limits import Counter, OnStoreError, Seats, WhenFull
from gateway.store.redis_store import RedisStore
from tests.store.clock import Clock

K = Counter("k", "p", OnStoreError.DENY)
TWO = Seats(K, limit=2, lease=30)
NEWEST = replace(TWO, when_full=WhenFull.STOP_OLDEST, ban=100)


async def test_a_seat_is_taken_once_and_held_by_sitting_again(store: RedisStore) -> None:
    told = [await store.seats.sit(TWO, member) for member in ("a", "a", "b", "a")]
    assert [(it.seated, it.is_new, it.taken) for it in told] == [
        (True, True, 1),
        (True, False, 1),
        (True, True, 2),
        (True, False, 2),
    ]
    assert all((it.stopped, it.retry_after) == (False, 0) for it in told)


async def test_one_more_is_refused_until_somebody_leaves(store: RedisStore) -> None:
    for member in ("a", "b"):
        await store.seats.sit(TWO, member)
    refused = await store.seats.sit(TWO, "c")
    assert (refused.seated, refused.is_new, refused.stopped, refused.taken) == (False, False, False, 2)
    assert 10 < refused.retry_after <= 30
    await store.seats.leave(TWO, "a")
    assert (await store.seats.sit(TWO, "c")).seated
    assert not (await store.seats.sit(TWO, "a")).seated


async def test_one_who_leaves_without_a_seat_frees_none(store: RedisStore) -> None:
    for member in ("a", "b"):
        await store.seats.sit(TWO, member)
    await store.seats.leave(TWO, "c")
    assert (await store.seats.peek(TWO, "c")).taken == 2


async def test_looking_takes_nothing(store: RedisStore) -> None:
    seen = await store.seats.peek(TWO, "a")
    assert (seen.seated, seen.is_new, seen.taken) == (True, True, 0)
    await store.seats.sit(TWO, "a")
    await store.seats.sit(TWO, "b")
    assert (await store.seats.peek(TWO, "a")).is_new is False
    refused = await store.seats.peek(TWO, "c")
    assert (refused.seated, refused.taken) == (False, 2)
    assert 10 < refused.retry_after <= 30
    newest = await store.seats.peek(NEWEST, "c")
    assert (newest.seated, newest.is_new, newest.taken) == (True, True, 2)
    assert (await store.seats.peek(TWO, "c")).taken == 2


async def test_a_lease_that_is_not_renewed_frees_its_seat(store: RedisStore) -> None:
    short = replace(TWO, limit=1, lease=1)
    await store.seats.sit(short, "a")
    refused = await store.seats.sit(short, "b")
    assert 0 < refused.retry_after <= 1
    await asyncio.sleep(refused.retry_after + 0.01)
    told = await store.seats.sit(short, "b")
    assert (told.seated, told.is_new, told.taken) == (True, True, 1)


async def test_the_newest_takes_the_seat_of_the_oldest_who_stays_stopped(store: RedisStore) -> None:
    for member in ("a", "b", "a"):
        assert (await store.seats.sit(NEWEST, member)).seated
    newest = await store.seats.sit(NEWEST, "c")
    assert (newest.seated, newest.is_new, newest.taken) == (True, True, 2)
    stopped = await store.seats.sit(NEWEST, "a")  # it sat down first, however lately it has renewed
    assert (stopped.seated, stopped.stopped, stopped.taken, stopped.retry_after) == (False, True, 2, 0)
    assert (await store.seats.peek(NEWEST, "a")).stopped
    await store.seats.leave(NEWEST, "b")
    assert (await store.seats.sit(NEWEST, "a")).stopped  # also when there is room


async def test_a_lowered_limit_stops_as_many_as_are_too_many(store: RedisStore) -> None:
    for member in "abcde":
        await store.seats.sit(replace(NEWEST, limit=5), member)
    assert (await store.seats.sit(NEWEST, "e")).taken == 5  # who has a seat keeps it
    assert (await store.seats.sit(NEWEST, "f")).taken == 2
    assert [(await store.seats.peek(NEWEST, member)).stopped for member in "abcdef"] == [True] * 4 + [False] * 2


async def test_after_a_limit_was_lowered_room_comes_when_enough_have_left(frozen: RedisStore, clock: Clock) -> None:
    for member in "abcde":
        await frozen.seats.sit(replace(TWO, limit=5), member)
        clock.advance(1)
    refused = await frozen.seats.sit(TWO, "f")
    assert (refused.taken, refused.retry_after) == (5, 28)  # a, b, c and d have gone then
    clock.advance(27.999999)
    assert not (await frozen.seats.peek(TWO, "f")).seated
    clock.advance(0.000001)
    assert (await frozen.seats.sit(TWO, "f")).taken == 2


async def test_a_raised_limit_holds_at_once(store: RedisStore) -> None:
    for member in "abc":
        await store.seats.sit(TWO, member)
    assert (await store.seats.sit(replace(TWO, limit=3), "c")).taken == 3


async def test_a_ban_ends(frozen: RedisStore, clock: Clock) -> None:
    one = replace(NEWEST, limit=1)
    await frozen.seats.sit(one, "a")
    await frozen.seats.sit(one, "b")
    clock.advance(99.999999)
    assert (await frozen.seats.sit(one, "a")).stopped
    clock.advance(0.000001)
    assert (await frozen.seats.sit(one, "a")).is_new


async def test_a_shorter_lease_does_not_shorten_what_a_longer_one_has(frozen: RedisStore, clock: Clock) -> None:
    await frozen.seats.sit(replace(TWO, lease=60), "a")
    await frozen.seats.sit(replace(TWO, lease=5), "b")
    clock.advance(59)
    assert (await frozen.seats.peek(TWO, "a")).taken == 1
    clock.advance(1)
    assert (await frozen.seats.peek(TWO, "a")).taken == 0
    clock.advance(1)
    assert await frozen._redis.keys() == []


async def test_thousands_whose_leases_end_together_are_all_gone(frozen: RedisStore, clock: Clock) -> None:
    many = replace(TWO, limit=100_000, lease=10)
    await asyncio.gather(*(frozen.seats.sit(many, str(number)) for number in range(2500)))
    clock.advance(5)
    await frozen.seats.sit(many, "last")
    clock.advance(5)
    assert (await frozen.seats.peek(many, "last")).taken == 1
    assert await frozen._redis.zcard("sg:{k}:p:began") == 1


@pytest.mark.parametrize("lost", ["seats", "began"])
async def test_a_store_that_lost_one_of_its_keys_still_has_room_for_the_newest(frozen: RedisStore, lost: str) -> None:
    for member in "ab":
        await frozen.seats.sit(NEWEST, member)
    await frozen._redis.delete(f"sg:{{k}}:p:{lost}")
    for member in "cdef":
        told = await frozen.seats.sit(NEWEST, member)
        assert told.seated
        assert told.taken <= 2


async def test_a_clock_that_is_set_back_keeps_leases_as_much_longer(frozen: RedisStore, clock: Clock) -> None:
    await frozen.seats.sit(replace(TWO, limit=1), "a")
    clock.advance(-10)
    assert (await frozen.seats.sit(replace(TWO, limit=1), "b")).retry_after == 40
    assert (await frozen.seats.sit(replace(TWO, limit=1), "a")).seated
    assert (await frozen.seats.sit(replace(TWO, limit=1), "b")).retry_after == 30


async def test_counters_and_policies_seat_apart(store: RedisStore) -> None:
    seats = [
        replace(TWO, limit=1, counter=Counter(*it, OnStoreError.DENY)) for it in (("a", "p"), ("b", "p"), ("a", "q"))
    ]
    assert [(await store.seats.sit(it, "m")).taken for it in seats] == [1, 1, 1]


async def test_one_of_several_who_share_a_seat_does_not_take_it_away(store: RedisStore) -> None:
    seats = replace(TWO, limit=1)
    await store.seats.sit(seats, "a")
    await store.seats.leave(seats, "a")
    assert (await store.seats.sit(seats, "b")).is_new
    await asyncio.gather(store.seats.sit(seats, "b"), store.seats.sit(seats, "b"))
    await store.seats.leave(seats, "b")
    assert not (await store.seats.sit(seats, "a")).seated
