"""The store when it is slow, down and back; and what it is spared."""

from __future__ import annotations

import asyncio
import collections
import logging
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from gateway.limits import Counter, Decision, OnStoreError, Seating, Seats
from gateway.problem import OutOfCapacity
from gateway.store.breaker import COMPLAINT_SECONDS, FAILURES, PAUSE_SECONDS, Breaker, Breakers
from gateway.store.denials import LONGEST, Denials
from gateway.store.redis_store import RedisStore, redis_store
from gateway.store.requests import LocalRequests
from gateway.units import Positive, Rate, Seconds, Volume
from tests.conftest import RedisServer, StartService
from tests.service import HANG, tiers_text
from tests.store.clock import Clock
from tests.store.servers import Server, redis_program

LOCAL, DENY, ALLOW = OnStoreError.LOCAL, OnStoreError.DENY, OnStoreError.ALLOW
K = Counter("k", "p", DENY)
TEN = (Rate(Positive(10), Seconds(60)),)


def counter(on_error: OnStoreError) -> Counter:
    return Counter("k", "p", on_error)


async def test_decisions_of_one_turn_of_the_loop_go_in_one_call(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url, patience=HANG)
    five = (Rate(Positive(5), Seconds(60)),)
    counters = [Counter(f"k{n % 7}", "p", DENY) for n in range(100)]
    decisions = await asyncio.gather(*(store.requests.take(it, five, 1) for it in counters))
    assert store.batch.calls == 1
    admitted = collections.Counter(it.counter_id for it, told in zip(counters, decisions, strict=True) if told.admitted)
    assert admitted == {f"k{n}": 5 for n in range(7)}
    await store.close()


async def test_a_flood_on_a_full_window_costs_the_store_nothing(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url, patience=HANG)
    for _ in range(11):
        await store.requests.take(K, TEN, 1)
    before = store.batch.calls
    flood = [await store.requests.take(K, TEN, 1) for _ in range(1000)]
    assert store.batch.calls == before
    assert not any(told.admitted for told in flood)
    assert flood[-1].retry_after <= flood[0].retry_after <= 60
    raised = await store.requests.take(K, (Rate(Positive(11), Seconds(60)),), 1)
    assert raised.admitted
    await store.close()


async def test_a_denial_is_remembered_for_its_counter_its_windows_and_its_cost(
    redis_server: RedisServer, io_loop: IOLoop
) -> None:
    store = redis_store(redis_server.url, patience=HANG)
    await store.requests.take(K, TEN, 8)
    assert not (await store.requests.take(K, TEN, 5)).admitted
    calls = store.batch.calls
    assert not (await store.requests.take(K, TEN, 5)).admitted
    assert store.batch.calls == calls
    assert (await store.requests.take(K, TEN, 2)).admitted
    assert (await store.requests.take(Counter("k", "q", DENY), TEN, 5)).admitted
    assert (await store.requests.take(Counter("l", "p", DENY), TEN, 5)).admitted
    assert (await store.requests.take(K, (Rate(Positive(15), Seconds(60)),), 5)).admitted
    assert store.batch.calls == calls + 4
    await store.close()


async def test_each_tier_has_its_own_way_through_an_outage(own_redis: Server, io_loop: IOLoop) -> None:
    store = redis_store(own_redis.url, workers=2)
    own_redis.stop()
    with pytest.raises(OutOfCapacity):
        await store.requests.take(counter(DENY), TEN, 1)
    assert all([(await store.requests.take(counter(ALLOW), TEN, 1)).admitted for _ in range(50)])
    local = [(await store.requests.take(counter(LOCAL), TEN, 1)).admitted for _ in range(6)]
    assert local == [True] * 5 + [False]
    assert store.breaker.is_open
    calls = store.batch.calls
    for _ in range(200):
        await store.requests.take(counter(ALLOW), TEN, 1)
    assert store.batch.calls - calls <= 2
    await store.close()


async def test_the_store_is_used_again_soon_after_it_is_back(
    own_redis: Server, io_loop: IOLoop, tmp_path: Path
) -> None:
    store = redis_store(own_redis.url, patience=HANG)
    own_redis.stop()
    for _ in range(FAILURES):
        with pytest.raises(OutOfCapacity):
            await store.requests.take(K, TEN, 1)
    again = Server.start(redis_program(), tmp_path / "again", port=own_redis.port)
    await asyncio.sleep(PAUSE_SECONDS + 0.2)
    assert (await store.requests.take(K, TEN, 1)).admitted
    assert not store.breaker.is_open
    again.stop()
    await store.close()


async def test_a_store_that_hangs_is_not_waited_for(own_redis: Server, io_loop: IOLoop) -> None:
    store = redis_store(own_redis.url)
    await store.requests.take(counter(ALLOW), TEN, 1)
    own_redis.process.send_signal(signal.SIGSTOP)
    asked = (store.requests.take(counter(ALLOW), TEN, 1) for _ in range(20))
    told = await asyncio.wait_for(asyncio.gather(*asked), HANG)
    assert all(decision.admitted for decision in told)
    own_redis.process.send_signal(signal.SIGCONT)
    await store.close()


async def test_a_fault_of_this_program_leaves_nobody_waiting(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url, patience=HANG)
    weighty = store.requests.take(K, TEN, [object()])  # type: ignore[arg-type]
    told = await asyncio.wait_for(asyncio.gather(weighty, return_exceptions=True), HANG)
    assert isinstance(told[0], TypeError)
    await store.close()


def test_the_breaker_lets_one_call_through_now_and_then() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.require_closed() is False
        breaker.failed(OSError())
    with pytest.raises(OutOfCapacity):
        breaker.require_closed()
    clock.advance(PAUSE_SECONDS)
    assert breaker.require_closed() is True
    with pytest.raises(OutOfCapacity):
        breaker.require_closed()
    breaker.succeeded()
    assert breaker.require_closed() is False
    assert not breaker.is_open


def test_a_server_that_nobody_asks_any_more_is_not_told_to_be_down() -> None:
    clock = Clock()
    breakers = Breakers(clock)
    gone = breakers.of("gone")
    for _ in range(FAILURES):
        gone.require_closed()
        gone.failed(OSError())
    breakers.of("there").succeeded()
    assert breakers.is_open
    clock.advance(60)
    assert not breakers.is_open
    assert gone.require_closed() is True
    assert breakers.is_open


def test_a_denial_is_told_as_of_now_and_ends_no_later_than_it_should() -> None:
    clock = Clock()
    denials, local, asked = Denials(clock), LocalRequests(1, clock), (K, TEN, 1)
    for _ in range(10):
        local.take(*asked)
    clock.advance(55)
    denials.remember(asked, local.take(*asked), clock())
    clock.advance(4.5)
    kept = denials.get(asked)
    assert kept
    assert (kept.retry_after, kept.windows[0].reset) == (0.5, 0.5)
    clock.advance(0.5)
    assert denials.get(asked) is None
    assert local.take(*asked).admitted


def test_a_denial_is_asked_for_again_before_a_long_window_ends() -> None:
    clock = Clock()
    denials, local, asked = Denials(clock), LocalRequests(1, clock), (K, TEN, 1)
    for _ in range(10):
        local.take(*asked)
    denials.remember(asked, local.take(*asked), clock())
    clock.advance(LONGEST)
    assert denials.get(asked) is None


async def test_what_a_refusing_store_was_not_told_is_told_when_it_takes_it(own_redis: Server, io_loop: IOLoop) -> None:
    store, day = redis_store(own_redis.url), (Volume.parse("1GB/day"),)
    for begin, end in (
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ):
        counted = replace(counter(LOCAL), counter_id=begin[0])
        await store.volumes.spend(counted, day, 1000)
        own_redis.say(*begin)
        for _ in range(FAILURES + 2):
            await store.volumes.spend(counted, day, 1000)
        with pytest.raises(OutOfCapacity):
            await store.requests.take(K, TEN, 1)
        own_redis.say(*end)
        await asyncio.sleep(PAUSE_SECONDS + 0.1)
        await store.volumes.spend(counted, day, 0)
        assert (await store.volumes.peek(counted, day)).used == (1000 * (FAILURES + 3),)
    await store.close()


@pytest.mark.parametrize("planted", [("SET", "sg:{k}:p", "x"), ("RPUSH", "sg:{k}:p", "x")])
async def test_a_key_that_holds_what_is_none_of_ours_is_its_own_trouble_alone_and_not_a_silent_one(
    store: RedisStore, caplog: pytest.LogCaptureFixture, planted: tuple[str, ...]
) -> None:
    await store._redis.execute_command(*planted)
    for _ in range(FAILURES + 1):
        asked = [store.requests.take(replace(K, counter_id=name), TEN, 1) for name in ("k", "{k}l", "m")]
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(told[0], OutOfCapacity)
        assert all(isinstance(it, Decision) and it.admitted for it in told[1:])
    assert not store.breaker.is_open
    assert [it.getMessage().split(";")[0][:41] for it in caplog.records if it.name == "sluicegate.store"] == [
        "the store cannot count under sg:{k}:p: " + ("WR" if planted[0] == "SET" else "MA")
    ]


@pytest.mark.parametrize("junk", ["nan", "-inf", "junk"])
async def test_what_reads_as_no_number_harms_none_that_is_asked_in_the_same_call(store: RedisStore, junk: str) -> None:
    await store._redis.execute_command("SET", "sg:{k}:p:since:m", junk)
    told = await asyncio.gather(
        store.requests.take(K, TEN, 1), store.beginnings.age(K, "m", 60), store.seats.sit(Seats(K, 1, 30), "m"),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(it) for it in told] == [Decision, OutOfCapacity, Seating]


async def test_a_call_that_fails_now_and_then_is_told(own_redis: Server, io_loop: IOLoop) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("sluicegate.store").addHandler(handler)
    for _ in range(5):
        breaker.failed(OSError("it hung"))
        breaker.succeeded()
    clock.advance(COMPLAINT_SECONDS)
    breaker.failed(OSError("it hung"))
    logging.getLogger("sluicegate.store").removeHandler(handler)
    assert told == ["a call to the store failed: OSError: it hung"] * 2


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
