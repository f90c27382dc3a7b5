"""A cluster: counters lie on all its servers, and one that is down takes no others with it."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.limits import Counter, Decision, Lane, OnStoreError, Seats
from gateway.problem import OutOfCapacity
from gateway.store.redis_store import RedisStore, redis_store
from gateway.units import Bitrate, Rate, Volume
from tests.service import HANG
from tests.store.servers import Cluster, Server

TEN = (Rate.parse("10/60s"),)


def counters(count: int, on_error: OnStoreError = OnStoreError.DENY) -> list[Counter]:
    return [Counter(f"k{number}", "p", on_error) for number in range(count)]


def node_of(cluster: Cluster, store: RedisStore, counter: Counter) -> Server:
    port = int(store.batch.servers.server(counter.counter_id).split(":")[1])
    return next(node for node in cluster.nodes if node.port == port)


async def test_many_counters_at_once_lie_on_all_servers_and_each_gets_its_own_answer(
    cluster: Cluster, io_loop: IOLoop
) -> None:
    store = redis_store(cluster.url, patience=HANG)
    many = counters(1000)
    costs = [1 + number % 9 for number in range(len(many))]
    taken = await asyncio.gather(*(store.requests.take(it, TEN, cost) for it, cost in zip(many, costs, strict=True)))
    assert [it.windows[0].remaining for it in taken] == [10 - cost for cost in costs]
    keys = [int(told) for told in cluster.say("DBSIZE")]
    assert sum(keys) == 1000
    assert min(keys) > 200
    await store.close()


async def test_all_verbs_of_a_counter_lie_together(cluster: Cluster, io_loop: IOLoop) -> None:
    store = redis_store(cluster.url, patience=HANG)
    for counter in counters(6):
        await store.requests.take(counter, TEN, 1)
        await store.seats.sit(Seats(counter, 1, 30), "m")
        await store.volumes.spend(counter, (Volume.parse("1GB/day"),), 1)
        await store.pacing.wait(counter, (Lane("a", Bitrate(1)), Lane("b", Bitrate(1))), 1)
        await store.beginnings.age(counter, "m", 60)
        keys = node_of(cluster, store, counter).say(
            "EVAL", f'\'return #redis.call("KEYS","sg:{{{counter.counter_id}}}:*")\'', "0"
        )
        assert keys == "7"
    await store.close()


@pytest.mark.parametrize("how", ["hangs", "is dead"])
async def test_a_server_that_is_down_shuts_out_its_own_counters_only(tmp_path: Path, io_loop: IOLoop, how: str) -> None:
    cluster = Cluster.start(tmp_path)
    store = redis_store(cluster.url)
    many = counters(60)
    for counter in many:
        await taken(store, counter)
    down = node_of(cluster, store, many[0])
    theirs = [it for it in many if node_of(cluster, store, it) is down]
    others = [it for it in many if it not in theirs]
    down.process.send_signal(signal.SIGSTOP if how == "hangs" else signal.SIGKILL)
    try:
        for _ in range(3):
            await asyncio.gather(*(store.requests.take(it, TEN, 1) for it in theirs), return_exceptions=True)
            await asyncio.gather(*(taken(store, it) for it in others))
        assert store.breaker.is_open
        for _ in range(2):
            told = await asyncio.gather(*(store.requests.take(it, TEN, 1) for it in theirs), return_exceptions=True)
            assert all(isinstance(it, OutOfCapacity) for it in told)
            await asyncio.gather(*(taken(store, it) for it in others))
        assert [(await taken(store, it)).windows[0].remaining for it in others[:3]] == [3, 3, 3]
    finally:
        cluster.stop()
        await store.close()


async def taken(store: RedisStore, counter: Counter) -> Decision:
    """One request that is counted, though the machine may be slow now and then."""
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        try:
            return await store.requests.take(counter, TEN, 1)
        except OutOfCapacity:
            await asyncio.sleep(0.05)
    raise AssertionError("it is shut out for good")
