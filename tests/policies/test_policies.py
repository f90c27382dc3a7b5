"""The policies that come with the gateway, alone."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from tornado.ioloop import IOLoop

from gateway.policy import AccessDenied, Call, Credential, Identity, LimitReached, Positive, Purpose, Seconds
from gateway.store.redis_store import RedisStore, embedded_store
from policies.rate_limit import RateLimit
from policies.streaming import Streaming


@pytest.fixture
def store(io_loop: IOLoop) -> RedisStore:
    return embedded_store()


def call(store: RedisStore, credential: Credential, purpose: Purpose = Purpose.ACCOUNT) -> Call:
    return Call(Identity(credential, "k", "k", "acme", "standard", "s"), purpose, store)


async def test_only_direct_use_of_the_key_counts(store: RedisStore) -> None:
    policy = RateLimit(Positive(1), Seconds(60))
    for credential in (Credential.SESSION, Credential.GRANT, Credential.KEY):
        async with asynccontextmanager(policy.admit)(call(store, credential)):
            pass
    asked = call(store, Credential.KEY)
    with pytest.raises(LimitReached) as refused:
        async with asynccontextmanager(policy.admit)(asked):
            pass
    assert refused.value.members()["violated-policies"] == ["rate_limit"]
    assert asked.quotas[0].remaining == 0
    async with asynccontextmanager(policy.admit)(call(store, Credential.SESSION)):
        pass


async def test_usage_counts_nothing(store: RedisStore) -> None:
    policy = RateLimit(Positive(5), Seconds(60))
    for _ in range(3):
        assert await policy.report(call(store, Credential.KEY)) == {
            "limit": 5,
            "window": 60,
            "remaining": 5,
            "reset": 0,
        }


@pytest.mark.parametrize("credential", list(Credential))
async def test_streaming_is_about_media_alone(store: RedisStore, credential: Credential) -> None:
    for policy in (Streaming(allowed=False), Streaming.omitted()):
        async with asynccontextmanager(policy.admit)(call(store, credential)):
            pass
        with pytest.raises(AccessDenied):
            async with asynccontextmanager(policy.admit)(call(store, credential, Purpose.MEDIA)):
                pass
    async with asynccontextmanager(Streaming(allowed=True).admit)(call(store, credential, Purpose.MEDIA)):
        pass


def test_a_limit_that_cannot_be_remembered_is_refused() -> None:
    with pytest.raises(ValueError, match="the most is 1000000"):
        RateLimit.short("1000001/60s")
