"""The sliding log: never more than N in any window, and never a refusal without need; on fakeredis and on Redis."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tornado.ioloop import IOLoop

from gateway.policy import OnStoreError, Window
from gateway.problem import OutOfCapacity
from gateway.store.redis_store import RedisStore, embedded_store, redis_store
from tests.conftest import RedisServer

DENY = OnStoreError.DENY
StoreMaker = Callable[[], RedisStore]


@pytest.fixture(params=["fakeredis", "redis"])
def make_store(request: pytest.FixtureRequest, io_loop: IOLoop) -> StoreMaker:
    if request.param == "fakeredis":
        store = embedded_store()
        return lambda: store
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda: redis_store(server.url)


async def test_a_window_admits_its_limit_and_says_what_is_left(make_store: StoreMaker) -> None:
    store = make_store()
    taken = [await store.take(Window("k", "p", 3, 60), DENY) for _ in range(4)]
    assert [decision.admitted for decision in taken] == [True, True, True, False]
    assert [decision.remaining for decision in taken] == [2, 1, 0, 0]
    assert all(59 < decision.reset <= 60 for decision in taken)
    assert 59 < taken[3].retry_after <= taken[3].reset <= 60
    await store.close()


async def test_a_denial_costs_nothing_and_room_comes_as_the_oldest_leaves(make_store: StoreMaker) -> None:
    store = make_store()
    assert (await store.take(Window("k", "p", 2, 1), DENY)).admitted
    await asyncio.sleep(0.5)
    assert (await store.take(Window("k", "p", 2, 1), DENY)).admitted
    denied = [await store.take(Window("k", "p", 2, 1), DENY) for _ in range(20)]
    assert not any(decision.admitted for decision in denied)
    await asyncio.sleep(denied[-1].retry_after + 0.01)
    assert (await store.take(Window("k", "p", 2, 1), DENY)).admitted
    assert not (await store.take(Window("k", "p", 2, 1), DENY)).admitted
    await store.close()


async def test_looking_counts_nothing(make_store: StoreMaker) -> None:
    store = make_store()
    for _ in range(5):
        assert (await store.peek(Window("k", "p", 2, 60))).remaining == 2
    await store.take(Window("k", "p", 2, 60), DENY)
    assert (await store.peek(Window("k", "p", 2, 60))).remaining == 1
    await store.close()


async def test_keys_and_policies_count_apart(make_store: StoreMaker) -> None:
    store = make_store()
    for key, policy in (("a", "p"), ("b", "p"), ("a", "q")):
        assert (await store.take(Window(key, policy, 1, 60), DENY)).admitted
    await store.close()


async def test_a_changed_limit_holds_at_once_over_the_same_entries(make_store: StoreMaker) -> None:
    store = make_store()
    for _ in range(10):
        await store.take(Window("k", "p", 10, 2), DENY)
        await asyncio.sleep(0.02)
    raised = await store.take(Window("k", "p", 12, 2), DENY)
    assert (raised.admitted, raised.remaining) == (True, 1)
    lowered = await store.take(Window("k", "p", 3, 2), DENY)
    assert (lowered.admitted, lowered.remaining) == (False, 0)
    assert lowered.retry_after > lowered.reset  # the oldest leaving makes no room yet
    await asyncio.sleep(lowered.retry_after + 0.01)
    assert (await store.take(Window("k", "p", 3, 2), DENY)).admitted
    await store.close()


async def test_what_is_counted_is_forgotten_after_the_window(redis_server: RedisServer, io_loop: IOLoop) -> None:
    store = redis_store(redis_server.url)
    await store.take(Window("k", "p", 3, 60), DENY)
    left = await store._redis.pttl("sg:{k}:p")
    assert 59_000 < left <= 60_000
    assert await store._redis.keys() == [b"sg:{k}:p"]
    await store.close()


def test_concurrent_takers_never_admit_more_than_the_limit_in_any_window(redis_server: RedisServer) -> None:
    """A decision falls between call and return: limit + 1 admissions must span a whole window, call to return."""
    limit, window, seconds = 10, 1, 4.0

    async def hammer(admitted: list[tuple[float, float]]) -> None:
        store = redis_store(redis_server.url)
        ends = time.monotonic() + seconds
        while (called := time.monotonic()) < ends:
            if (await store.take(Window("k", "p", limit, window), DENY)).admitted:
                admitted.append((time.monotonic(), called))
            await asyncio.sleep(0.001)  # a remembered denial comes without any waiting, and would hold up the others
        await store.close()

    admitted: list[tuple[float, float]] = []
    threads = [threading.Thread(target=lambda: asyncio.run(hammer(admitted))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) >= limit * 3
    admitted.sort()
    for group in zip(*(admitted[start:] for start in range(limit + 1)), strict=False):
        assert group[-1][0] - min(called for _, called in group) >= window


@dataclass
class Oracle:
    """The same promise in plain Python: times in microseconds, admitted ones kept for ever."""

    admitted: list[int] = field(default_factory=list)

    def take(self, now: int, limit: int, window: int) -> bool:
        fits = sum(1 for time in self.admitted if time > now - window) < limit
        if fits:
            self.admitted.append(now)
        return fits


class FakeClock:
    """The clock that fakeredis' TIME reads."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000

        self._started = self.now

    def time(self) -> float:
        return self.now / 1_000_000

    def monotonic(self) -> float:
        return (self.now - self._started) / 1_000_000


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(1, 5),
    window=st.integers(1, 3),
    waits=st.lists(st.sampled_from([0, 1, 250_000, 500_000, 999_999, 1_000_000, 1_000_001, 3_000_000]), max_size=40),
)
def test_the_script_decides_as_the_oracle_does(
    limit: int, window: int, waits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, oracle = FakeClock(), Oracle()

    async def compare() -> None:
        store = embedded_store(clock.monotonic)
        with monkeypatch.context() as patch:
            freeze(patch, clock)
            for wait in waits:
                clock.now += wait
                decision = await store.take(Window("k", "p", limit, window), DENY)
                assert decision.admitted == oracle.take(clock.now, limit, window * 1_000_000)

    asyncio.run(compare())
    for start in oracle.admitted:
        assert sum(1 for time in oracle.admitted if start <= time < start + window * 1_000_000) <= limit


def freeze(patch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    """Let fakeredis read a clock of ours."""
    import fakeredis.commands_mixins.server_mixin as server  # noqa: PLC0415 - only to reach its clock

    class Time:
        time = staticmethod(clock.time)

        def __getattr__(self, name: str) -> Any:
            return getattr(time, name)

    patch.setattr(server, "time", Time())


async def test_a_store_that_is_not_there_is_out_of_capacity(io_loop: IOLoop) -> None:
    store = redis_store("redis://127.0.0.1:1/0")
    with pytest.raises(OutOfCapacity):
        await store.take(Window("k", "p", 1, 60), DENY)
    await store.close()


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        redis_store("http://x")
