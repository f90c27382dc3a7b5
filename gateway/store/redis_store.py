"""The store in Redis or Valkey, or in fakeredis inside the one worker: the same script in all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import fakeredis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.policy import Decision
from gateway.problem import OutOfCapacity

SECONDS_TO_ANSWER = 1.0
_MICROSECONDS = 1_000_000
_SLIDING_LOG = (Path(__file__).parent / "sliding_log.lua").read_text()


class RedisStore:
    """Counters shared by all who use one Redis. Implements `gateway.policy.Store`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._sliding_log = redis.register_script(_SLIDING_LOG)

    async def take(self, counter_id: str, policy: str, limit: int, window: int) -> Decision:
        """Count one request toward at most ``limit`` in any ``window`` seconds; a denial is not counted."""
        return await self._decide(counter_id, policy, limit, window, "take")

    async def peek(self, counter_id: str, policy: str, limit: int, window: int) -> Decision:
        """What `take` would answer now, counting nothing."""
        return await self._decide(counter_id, policy, limit, window, "peek")

    async def ping(self) -> None:
        """Return if the store answers; raise `OutOfCapacity` if it does not."""
        async with _answering():
            await self._redis.ping()

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    async def _decide(self, counter_id: str, policy: str, limit: int, window: int, verb: str) -> Decision:
        # The braces keep all windows of one counter on one node of a cluster, and spread the counters.
        key = f"sg:{{{counter_id}}}:{policy}"
        async with _answering():
            admitted, remaining, reset, retry = await self._sliding_log(
                keys=[key], args=[limit, window * _MICROSECONDS, verb]
            )
        return Decision(bool(admitted), remaining, reset / _MICROSECONDS, retry / _MICROSECONDS)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise OutOfCapacity("The store of limits does not answer.", retry_after=1) from error


def embedded_store() -> RedisStore:
    """A store inside this process, for one worker; it is empty at each start."""
    return RedisStore(fakeredis.FakeAsyncRedis())


def redis_store(url: str) -> RedisStore:
    """A store at a ``redis://``, ``rediss://`` or ``unix://`` URL; raise `ValueError` if it is not one.

    A charging script is never retried: the first try may have been counted.
    """
    return RedisStore(
        Redis.from_url(
            url,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_connect_timeout=SECONDS_TO_ANSWER,
            retry=Retry(NoBackoff(), 0),
        )
    )
