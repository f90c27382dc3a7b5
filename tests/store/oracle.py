"""How the script is compared with the same promises in plain Python, over times that make edges likely."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gateway.limits import Counter, OnStoreError
from gateway.store.redis_store import RedisStore, embedded_store
from tests.store.clock import Clock, freeze

K = Counter("k", "p", OnStoreError.DENY)
WAITS = st.sampled_from([0, 1, 250_000, 500_000, 999_999, 1_000_000, 1_000_001, 3_000_000])
checked = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def compare(patch: pytest.MonkeyPatch, clock: Clock, steps: Callable[[RedisStore], Awaitable[None]]) -> None:
    """Run ``steps`` on a store of their own."""

    async def run() -> None:
        store = embedded_store(clock)
        await steps(store)
        await store.close()

    with patch.context() as frozen:
        freeze(frozen, clock)
        asyncio.run(run())
