"""What counts is sent once: a lost answer must not count a request twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.limits import Counter, OnStoreError, Seats
from gateway.problem import OutOfCapacity
from gateway.store.redis_store import RedisStore, redis_store
from gateway.units import Rate, Volume
from tests.service import HANG
from tests.store.proxy import Fault, Proxy
from tests.store.servers import SLOTS, Cluster, Server, start_node, wait_until

K = Counter("k", "p", OnStoreError.DENY)
TEN = (Rate.parse("10/60s"),)
DAY = (Volume.parse("10kB/day"),)
PATIENCE = 1.0


@asynccontextmanager
async def through(proxy: Proxy, scheme: str = "redis") -> AsyncIterator[RedisStore]:
    """A store behind a proxy, with its connections made and the script known."""
    await proxy.start()
    store = redis_store(f"{scheme}://127.0.0.1:{proxy.port}/0", patience=PATIENCE)
    for _ in range(50):
        try:
            await store.beginnings.age(K, "warm", 60)
        except OutOfCapacity:
            await asyncio.sleep(0.1)  # a busy machine
        else:
            break
    proxy.calls = 0
    yield store
    await store.close()
    await proxy.stop()


@pytest.fixture
def lone_node(tmp_path: Path) -> Iterator[tuple[Server, Proxy]]:
    """A cluster of one node, which tells that it is where the proxy is."""
    proxy = Proxy(0)
    node = start_node(tmp_path / "node", "--cluster-announce-port", str(proxy.port))
    proxy.target = node.port
    node.say("CLUSTER", "ADDSLOTSRANGE", "0", str(SLOTS - 1))
    wait_until(lambda: "cluster_state:ok" in node.say("CLUSTER", "INFO"), "the cluster is whole")
    yield node, proxy
    node.stop()


@pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.CUT])
async def test_a_call_without_an_answer_is_not_sent_again(own_redis: Server, io_loop: IOLoop, fault: Fault) -> None:
    proxy = Proxy(own_redis.port)
    async with through(proxy) as store:
        proxy.fault = fault
        with pytest.raises(OutOfCapacity):
            await asyncio.wait_for(store.requests.take(K, TEN, 1), HANG)
        await asyncio.sleep(0.2)
        assert proxy.calls == 1
        assert own_redis.say("LLEN", "sg:{k}:p") == "1"
        proxy.fault = Fault.NONE
        assert (await store.requests.take(K, TEN, 1)).windows[0].remaining == 8


@pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.CUT])
async def test_a_cluster_is_not_asked_again_either(
    lone_node: tuple[Server, Proxy], io_loop: IOLoop, fault: Fault
) -> None:
    node, proxy = lone_node
    async with through(proxy, "redis+cluster") as store:
        proxy.fault = fault
        with pytest.raises(OutOfCapacity):
            await asyncio.wait_for(store.requests.take(K, TEN, 1), HANG)
        await asyncio.sleep(0.2)
        assert proxy.calls == 1
        assert node.say("LLEN", "sg:{k}:p") == "1"
        proxy.fault = Fault.NONE
        assert (await store.requests.peek(K, TEN, 1)).windows[0].remaining == 9


async def test_what_was_spent_without_an_answer_is_not_paid_again(own_redis: Server, io_loop: IOLoop) -> None:
    proxy = Proxy(own_redis.port)
    counter = Counter("k", "p", OnStoreError.LOCAL)
    async with through(proxy) as store:
        proxy.fault = Fault.SWALLOWED
        assert (await store.volumes.spend(counter, DAY, 1000)).used == (1000,)
        assert (await store.volumes.reserve(counter, DAY, 500, 1)).granted == 500
        proxy.fault = Fault.NONE
        assert (await store.volumes.peek(counter, DAY)).used == (1500,)
        assert (await store.volumes.spend(counter, DAY, 100)).used == (1600,)
        assert proxy.calls == 4


async def test_an_open_breaker_is_tried_by_what_counts_nothing(own_redis: Server, io_loop: IOLoop) -> None:
    proxy = Proxy(own_redis.port)
    allowed = Counter("k", "p", OnStoreError.ALLOW)
    async with through(proxy) as store:
        proxy.fault = Fault.SWALLOWED
        for _ in range(3):
            await store.requests.take(allowed, TEN, 1)
        assert store.breaker.is_open
        counted = proxy.calls
        await asyncio.sleep(1.1)
        own_redis.process.send_signal(19)
        try:
            await store.requests.take(allowed, TEN, 1)
        finally:
            own_redis.process.send_signal(18)
        assert proxy.calls == counted == 3
        assert own_redis.say("LLEN", "sg:{k}:p") == "3"


async def test_seats_that_were_given_without_an_answer_are_held_by_sitting_again(
    own_redis: Server, io_loop: IOLoop
) -> None:
    proxy, seats = Proxy(own_redis.port), Seats(K, limit=1, lease=30)
    async with through(proxy) as store:
        proxy.fault = Fault.CUT
        with pytest.raises(OutOfCapacity):
            await store.seats.sit(seats, "a")
        proxy.fault = Fault.NONE
        told = await store.seats.sit(seats, "a")
        assert (told.seated, told.taken) == (True, 1)


async def test_a_slot_that_has_moved_is_followed_and_counted_once(cluster: Cluster, io_loop: IOLoop) -> None:
    store = redis_store(cluster.url, patience=HANG)
    slot = store.batch.servers.part("k")
    await store.requests.take(Counter("other", "p", OnStoreError.DENY), TEN, 1)
    owner = next(node for node in cluster.nodes if node.port == int(store.batch.servers.server("k").split(":")[1]))
    other = next(node for node in cluster.nodes if node is not owner)
    owner_id, other_id = owner.say("CLUSTER", "MYID"), other.say("CLUSTER", "MYID")
    other.say("CLUSTER", "SETSLOT", str(slot), "IMPORTING", owner_id)
    owner.say("CLUSTER", "SETSLOT", str(slot), "MIGRATING", other_id)
    assert (await store.requests.take(K, TEN, 1)).windows[0].remaining == 9  # ASK: the key is not there any more
    for node in (other, owner):
        node.say("CLUSTER", "SETSLOT", str(slot), "NODE", other_id)
    assert (await store.requests.take(K, TEN, 1)).windows[0].remaining == 8  # MOVED
    assert store.batch.servers.server("k").endswith(str(other.port))
    assert other.say("LLEN", "sg:{k}:p") == "2"
    await store.close()
    other.say("FLUSHALL")
    for node in (owner, other):
        node.say("CLUSTER", "SETSLOT", str(slot), "NODE", owner_id)
