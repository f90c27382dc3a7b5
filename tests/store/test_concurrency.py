"""Many takers at once, each with a store of its own: never more than the limit in any window."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from tornado.ioloop import IOLoop

from gateway.limits import Counter, OnStoreError
from gateway.problem import OutOfCapacity
from gateway.store.redis_store import redis_store
from gateway.units import Rate
from tests.conftest import RedisServer
from tests.service import HANG

K = Counter("k", "p", OnStoreError.DENY)
LIMIT, WINDOW = 10, 1
TEN = (Rate.parse(f"{LIMIT}/{WINDOW}s"),)


def test_concurrent_takers_never_admit_more_than_the_limit_in_any_window(redis_server: RedisServer) -> None:
    """A decision falls between call and return: limit + 1 admissions must span a whole window, call to return."""

    async def hammer(admitted: list[tuple[float, float]]) -> None:
        store = redis_store(redis_server.url, patience=HANG)
        ends = time.monotonic() + 4.0
        while (called := time.monotonic()) < ends:
            if (await store.requests.take(K, TEN, 1)).admitted:
                admitted.append((time.monotonic(), called))
            await asyncio.sleep(0.001)  # a remembered denial comes without any waiting, and would hold up the others
        await store.close()

    admitted: list[tuple[float, float]] = []
    threads = [threading.Thread(target=lambda: asyncio.run(hammer(admitted))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) >= LIMIT * 3
    admitted.sort()
    for group in zip(*(admitted[start:] for start in range(LIMIT + 1)), strict=False):
        assert group[-1][0] - min(called for _, called in group) >= WINDOW


async def test_a_store_that_is_not_there_is_out_of_capacity(io_loop: IOLoop) -> None:
    for scheme in ("redis", "redis+cluster"):
        store = redis_store(f"{scheme}://127.0.0.1:1/0")
        with pytest.raises(OutOfCapacity):
            await asyncio.wait_for(store.requests.take(K, TEN, 1), HANG)
        with pytest.raises(OutOfCapacity):
            await asyncio.wait_for(store.ping(), HANG)
        await store.close()


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        redis_store("http://x")
