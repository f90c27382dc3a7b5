"""Each verb while the store is down: deny, local or allow; and what is owed to it when it is back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.limits import Counter, Lane, OnStoreError, Seats, WhenFull
from gateway.problem import OutOfCapacity
from gateway.store.breaker import PAUSE_SECONDS
from gateway.store.redis_store import RedisStore, redis_store
from gateway.units import Bitrate, Rate, Volume
from tests.service import HANG
from tests.store.servers import Server, redis_program

LOCAL, DENY, ALLOW = OnStoreError.LOCAL, OnStoreError.DENY, OnStoreError.ALLOW
DAY, BOTH = (Volume.parse("10kB/day"),), (Volume.parse("10kB/day"), Volume.parse("1GB/month"))
SLOW = (Lane("", Bitrate(8000)),)


def counter(on_error: OnStoreError) -> Counter:
    return Counter("k", "p", on_error)


@pytest.fixture
def down(io_loop: IOLoop) -> RedisStore:
    """A store that is not there, for one of two workers."""
    return redis_store("redis://127.0.0.1:1/0", workers=2)


async def test_requests_weigh_their_cost_in_all_windows_of_a_worker_too(down: RedisStore) -> None:
    rates = (Rate.parse("10/60s"), Rate.parse("4/1s"))
    told = [await down.requests.take(counter(LOCAL), rates, cost) for cost in (1, 2, 1, 1)]
    assert [it.admitted for it in told] == [True, False, True, False]
    assert [[window.remaining for window in it.windows] for it in told] == [[4, 1], [4, 1], [3, 0], [3, 0]]
    assert (told[3].windows[0].retry_after, 0 < told[3].retry_after <= 1) == (0, True)
    with pytest.raises(OutOfCapacity):
        await down.requests.take(counter(DENY), rates, 1)
    allowed = await down.requests.take(counter(ALLOW), rates, 100)
    assert (allowed.admitted, [window.remaining for window in allowed.windows]) == (True, [10, 4])
    with pytest.raises(OutOfCapacity):
        await down.requests.peek(counter(ALLOW), rates, 1)


async def test_seats_are_shared_out_among_workers(down: RedisStore) -> None:
    seats = Seats(counter(LOCAL), limit=4, lease=30)
    told = [await down.seats.sit(seats, member) for member in "abac"]
    assert [(it.seated, it.is_new, it.taken) for it in told] == [
        (True, True, 1),
        (True, True, 2),
        (True, False, 2),
        (False, False, 2),
    ]
    assert 0 < told[3].retry_after <= 30
    await down.seats.leave(seats, "a")
    assert not (await down.seats.sit(seats, "c")).seated  # "a" was held by more than one, of whom one has left
    await down.seats.leave(seats, "b")
    assert (await down.seats.sit(seats, "c")).seated
    newest = replace(seats, when_full=WhenFull.STOP_OLDEST)
    assert (await down.seats.sit(newest, "d")).taken == 2
    assert not (await down.seats.sit(seats, "a")).seated
    with pytest.raises(OutOfCapacity):
        await down.seats.sit(replace(seats, counter=counter(DENY)), "a")
    await down.seats.leave(replace(seats, counter=counter(DENY)), "a")
    for member in range(50):
        assert (await down.seats.sit(replace(seats, counter=counter(ALLOW)), str(member))).seated
    with pytest.raises(OutOfCapacity):
        await down.seats.peek(seats, "a")


async def test_bytes_are_granted_as_far_as_a_worker_knows(down: RedisStore) -> None:
    told = [await down.volumes.reserve(counter(LOCAL), DAY, 4000, 1000) for _ in range(5)]
    assert [it.granted for it in told] == [4000, 4000, 1000, 1000, 0]
    assert told[-1].used == (10_000,)
    assert (await down.volumes.spend(counter(LOCAL), DAY, -500)).used == (9500,)
    with pytest.raises(OutOfCapacity):
        await down.volumes.reserve(counter(DENY), DAY, 1, 1)
    assert (await down.volumes.spend(counter(DENY), DAY, 1000)).used == (10_500,)
    assert (await down.volumes.reserve(counter(ALLOW), DAY, 99_000, 1)).granted == 99_000
    with pytest.raises(OutOfCapacity):
        await down.volumes.peek(counter(ALLOW), DAY)


async def test_a_worker_paces_by_its_share(down: RedisStore) -> None:
    told = [await down.pacing.wait(counter(on_error), SLOW, 100) for on_error in (LOCAL, LOCAL, DENY, LOCAL)]
    assert told == pytest.approx([0, 0.2, 0.4, 0.6], abs=0.15)
    assert await down.pacing.wait(counter(ALLOW), SLOW, 10**9) == 0


async def test_a_session_is_as_old_as_a_worker_knows(down: RedisStore) -> None:
    assert await down.beginnings.age(counter(LOCAL), "m", 60) == 0
    await asyncio.sleep(0.02)
    assert 0.02 <= await down.beginnings.age(counter(LOCAL), "m", 60) < HANG
    assert await down.beginnings.age(counter(ALLOW), "m", 60) == 0
    for asked in (down.beginnings.age(counter(DENY), "m", 60), down.beginnings.peek(counter(LOCAL), "m")):
        with pytest.raises(OutOfCapacity):
            await asked


@pytest.mark.parametrize("on_error", [LOCAL, ALLOW])
async def test_what_was_spent_in_an_outage_is_paid_once_when_the_store_is_back(
    own_redis: Server, io_loop: IOLoop, tmp_path: Path, on_error: OnStoreError
) -> None:
    store, other = (redis_store(own_redis.url, patience=HANG) for _ in range(2))
    k = counter(on_error)
    await store.volumes.spend(k, BOTH, 1000)
    own_redis.stop()
    await asyncio.sleep(0.1)  # until the end of its connections is seen
    assert (await store.volumes.reserve(k, BOTH, 3000, 1)).used == (4000, 4000)
    for size in (200, 200, 200, -50):
        await store.volumes.spend(k, BOTH, size)
    assert (await store.volumes.spend(k, BOTH, 0)).used == (4550, 4550)
    again = Server.start(redis_program(), tmp_path / "again", port=own_redis.port)
    await asyncio.sleep(PAUSE_SECONDS + 0.1)
    paid = [asyncio.ensure_future(store.volumes.reserve(k, BOTH, 10, 1)) for _ in range(20)]
    await asyncio.wait(paid)
    assert (await other.volumes.peek(k, BOTH)).used == (3750, 3750)  # the new server has forgotten the first 1000
    await store.volumes.spend(k, BOTH, 1)
    assert (await other.volumes.peek(k, BOTH)).used == (3751, 3751)
    again.stop()
    await asyncio.gather(store.close(), other.close())


async def test_what_a_cancelled_request_spent_in_an_outage_is_still_owed(down: RedisStore) -> None:
    spending = asyncio.ensure_future(down.volumes.spend(counter(LOCAL), DAY, 700))
    await asyncio.sleep(0)
    spending.cancel()
    await asyncio.wait([spending])
    await asyncio.sleep(0.1)
    assert (await down.volumes.spend(counter(LOCAL), DAY, 1)).used == (701,)


async def test_a_day_that_was_known_is_not_taken_for_a_month(own_redis: Server, io_loop: IOLoop) -> None:
    store = redis_store(own_redis.url, patience=HANG)
    await store.volumes.spend(counter(LOCAL), DAY, 9000)
    own_redis.stop()
    await asyncio.sleep(0.1)
    month = (Volume.parse("10kB/month"),)
    assert (await store.volumes.reserve(counter(LOCAL), month, 5000, 5000)).granted == 5000
    assert (await store.volumes.reserve(counter(LOCAL), DAY, 5000, 5000)).granted == 0
    await store.close()
