"""The store when it is slow, down and back; and what it is spared."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.policy import OnStoreError, Window
from gateway.problem import OutOfCapacity
from gateway.store.breaker import FAILURES, PAUSE_SECONDS, Breaker
from gateway.store.denials import Denials
from gateway.store.local_log import LocalLog
from gateway.store.redis_store import redis_store
from tests.conftest import RedisServer, StartService, free_port, start_redis
from tests.service import HANG, tiers_text

LOCAL, DENY, ALLOW = OnStoreError.LOCAL, OnStoreError.DENY, OnStoreError.ALLOW
WINDOW = Window("k", "p", 10, 60)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A real Redis that a test may kill."""
    server = start_redis(tmp_path, free_port())
    yield server
    server.process.kill()
    server.process.wait(HANG)


async def test_decisions_of_one_turn_of_the_loop_go_in_one_call(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url)
    windows = [Window(f"k{n % 7}", "p", 5, 60) for n in range(100)]
    decisions = await asyncio.gather(*(store.take(window, DENY) for window in windows))
    assert store.batch.calls == 1
    admitted = Counter(window.counter_id for window, told in zip(windows, decisions, strict=True) if told.admitted)
    assert admitted == {f"k{n}": 5 for n in range(7)}
    await store.close()


async def test_a_flood_on_a_full_window_costs_the_store_nothing(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url)
    for _ in range(11):
        await store.take(WINDOW, DENY)
    before = store.batch.calls
    flood = [await store.take(WINDOW, DENY) for _ in range(1000)]
    assert store.batch.calls == before
    assert not any(told.admitted for told in flood)
    assert flood[-1].retry_after <= flood[0].retry_after <= 60
    raised = await store.take(Window("k", "p", 11, 60), DENY)
    assert raised.admitted
    await store.close()


async def test_each_tier_has_its_own_way_through_an_outage(own_redis: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(own_redis.url, workers=2)
    assert (await store.take(WINDOW, DENY)).admitted
    own_redis.process.kill()
    own_redis.process.wait(HANG)
    with pytest.raises(OutOfCapacity):
        await store.take(WINDOW, DENY)
    assert all([(await store.take(WINDOW, ALLOW)).admitted for _ in range(50)])
    assert [(await store.take(WINDOW, LOCAL)).admitted for _ in range(6)] == [True] * 5 + [False]
    assert store.breaker.is_open
    calls = store.batch.calls
    for _ in range(200):
        await store.take(WINDOW, ALLOW)
    assert store.batch.calls - calls <= 2
    await store.close()


async def test_the_store_is_used_again_soon_after_it_is_back(
    own_redis: RedisServer, io_loop: IOLoop, tmp_path: Path
) -> None:
    store = redis_store(own_redis.url)
    own_redis.process.kill()
    own_redis.process.wait(HANG)
    for _ in range(FAILURES):
        with pytest.raises(OutOfCapacity):
            await store.take(WINDOW, DENY)
    again = start_redis(tmp_path, own_redis.port)
    await asyncio.sleep(PAUSE_SECONDS + 0.2)
    assert (await store.take(WINDOW, DENY)).admitted
    assert not store.breaker.is_open
    again.process.kill()
    again.process.wait(HANG)
    await store.close()


async def test_a_store_that_hangs_is_not_waited_for(own_redis: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(own_redis.url)
    await store.take(WINDOW, DENY)
    own_redis.process.send_signal(signal.SIGSTOP)
    told = await asyncio.wait_for(asyncio.gather(*(store.take(WINDOW, ALLOW) for _ in range(20))), HANG)
    assert all(decision.admitted for decision in told)
    own_redis.process.send_signal(signal.SIGCONT)
    await store.close()


def test_the_breaker_lets_one_call_through_now_and_then() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        breaker.require_closed()
        breaker.failed(OSError())
    with pytest.raises(OutOfCapacity):
        breaker.require_closed()
    clock.now += PAUSE_SECONDS
    breaker.require_closed()
    with pytest.raises(OutOfCapacity):
        breaker.require_closed()
    breaker.succeeded()
    breaker.require_closed()
    assert not breaker.is_open


def test_a_denial_is_told_as_of_now_and_ends_no_later_than_it_should() -> None:
    clock = Clock()
    denials, local = Denials(clock), LocalLog(1, clock)
    for _ in range(10):
        local.take(WINDOW)
    denials.remember(WINDOW, local.take(WINDOW), clock.now)
    clock.now += 59.5
    kept = denials.get(WINDOW)
    assert kept
    assert (kept.retry_after, kept.reset) == (0.5, 0.5)
    clock.now += 0.5
    assert denials.get(WINDOW) is None
    assert local.take(WINDOW).admitted


def test_a_worker_counts_by_its_share_of_the_limit() -> None:
    clock = Clock()
    local = LocalLog(3, clock)
    assert [local.take(WINDOW).admitted for _ in range(4)] == [True, True, True, False]
    assert [local.take(Window("k", "q", 1, 60)).admitted for _ in range(2)] == [True, False]
    clock.now += 60
    assert local.take(WINDOW).admitted


def test_a_service_serves_through_an_outage_as_its_tiers_say(start_service: StartService) -> None:
    tiers = tiers_text().replace(
        "    open_key: public_api_key", "    open_key: public_api_key\n    on_store_error: deny"
    )
    service = start_service(tiers, "--redis", "redis://127.0.0.1:1/0")
    denied = service.get("/api/usage", {"X-API-Key": "public_api_key"})
    assert (denied.status, denied.json["error"]) == (503, "Temporarily out of capacity")
    assert denied.headers["Retry-After"] == "1"
    key = {"X-API-Key": service.add_key("acme", "standard")}
    statuses = [service.get("/api/health", key).status for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    assert "sluicegate_store_breaker_open 1.0" in service.admin("/metrics").body.decode()
    service.wait_for_log("the store does not answer: ConnectionError")
    ready = service.admin("/readyz")
    assert (ready.status, ready.json["status"]) == (503, "not ready")
    assert "ConnectionError" in ready.json["reason"]
    assert service.admin("/healthz").status == 200


def test_a_service_whose_tiers_can_do_without_the_store_stays_ready(start_service: StartService) -> None:
    service = start_service(tiers_text(), "--redis", "redis://127.0.0.1:1/0")
    ready = service.admin("/readyz")
    assert (ready.status, ready.json["status"]) == (200, "degraded")
