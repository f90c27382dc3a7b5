"""The store in Redis or Valkey, or in fakeredis inside the one worker: the same script in all."""

from __future__ import annotations

import time
from collections.abc import Callable

import fakeredis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.policy import Decision, OnStoreError, Window
from gateway.problem import OutOfCapacity
from gateway.store.batch import Batch
from gateway.store.breaker import Breaker
from gateway.store.denials import Denials
from gateway.store.local_log import LocalLog

SECONDS_TO_ANSWER = 0.1
"""An outage costs a request no more than this, and once the breaker is open nothing."""

_SECONDS_EMBEDDED = 30.0  # a store in this process does not fail: it is slow only when the whole worker is


class RedisStore:
    """Counters shared by all who use one Redis. Implements `gateway.policy.Store`; ``workers`` share a limit while the
    store does not answer within ``patience`` seconds; ``clock`` gives seconds."""

    def __init__(
        self,
        redis: Redis,
        workers: int = 1,
        patience: float = SECONDS_TO_ANSWER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._denials = Denials(clock)
        self._local = LocalLog(workers, clock)
        self.breaker = Breaker(clock)
        self.batch = Batch(redis, self.breaker, patience)

    async def take(self, window: Window, on_error: OnStoreError) -> Decision:
        """Count one request; a denial is not counted, and remembered until it ends."""
        if denial := self._denials.get(window):
            return denial
        asked = self._clock()
        try:
            decision = await self.batch.ask(window, "take")
        except OutOfCapacity:
            self._denials.forget()
            return self._without_store(window, on_error)
        if not decision.admitted:
            self._denials.remember(window, decision, asked)
        return decision

    async def peek(self, window: Window) -> Decision:
        """What `take` would answer now, counting nothing."""
        return await self.batch.ask(window, "peek")

    async def ping(self) -> None:
        """Return if the store answers; raise `OutOfCapacity` if it does not."""
        try:
            await self._redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            cause = f"{type(error).__name__}: {error}"
            raise OutOfCapacity(f"The store of limits does not answer: {cause}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    def _without_store(self, window: Window, on_error: OnStoreError) -> Decision:
        if on_error is OnStoreError.DENY:
            raise OutOfCapacity("The store of limits does not answer.")
        if on_error is OnStoreError.ALLOW:
            return Decision(admitted=True, remaining=window.limit, reset=0.0, retry_after=0.0)
        return self._local.take(window)


def embedded_store(clock: Callable[[], float] = time.monotonic) -> RedisStore:
    """A store inside this process, for one worker; it is empty at each start."""
    return RedisStore(fakeredis.FakeAsyncRedis(), patience=_SECONDS_EMBEDDED, clock=clock)


def redis_store(url: str, workers: int = 1) -> RedisStore:
    """A store at a ``redis://``, ``rediss://`` or ``unix://`` URL; raise `ValueError` if it is not one."""
    redis = Redis.from_url(
        url,
        socket_timeout=SECONDS_TO_ANSWER,
        socket_connect_timeout=SECONDS_TO_ANSWER,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisStore(redis, workers)
