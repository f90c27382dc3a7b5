"""The store in Redis or Valkey, one or a cluster, or in fakeredis inside the one worker: the same script in all."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import fakeredis
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from gateway.problem import OutOfCapacity
from gateway.store.batch import Batch
from gateway.store.beginnings import LocalBeginnings, StoredBeginnings
from gateway.store.breaker import Breakers
from gateway.store.denials import Denials
from gateway.store.pacing import LocalPacing, StoredPacing
from gateway.store.requests import LocalRequests, StoredRequests
from gateway.store.seats import LocalSeats, StoredSeats
from gateway.store.servers import ClusterServers, OneServer
from gateway.store.volumes import StoredVolumes

SECONDS_TO_ANSWER = 0.1
"""An outage costs each ask no more than this, and once the breaker is open nothing."""

_SECONDS_EMBEDDED = 30.0  # a store in this process does not fail: it is slow only when the whole worker is
_CLUSTER = "+cluster"
_CONNECTION = 0.7  # of the patience
_NO_NOTICES = MaintNotificationsConfig(enabled=False)
"""With them the client (redis 8.1) sends calls on connections that it knows have ended."""


class RedisStore:
    """Counters shared by all who use one Redis. Implements `gateway.limits.Store`; ``workers`` share a limit while the
    store does not answer within ``patience`` seconds; ``clock`` gives seconds."""

    def __init__(
        self,
        redis: Redis | RedisCluster,
        workers: int = 1,
        patience: float = SECONDS_TO_ANSWER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self.breaker = Breakers(clock)
        servers = ClusterServers(redis) if isinstance(redis, RedisCluster) else OneServer(redis)
        self.batch = Batch(servers, self.breaker, patience)
        self.requests = StoredRequests(self.batch, Denials(clock), LocalRequests(workers, clock), clock)
        self.seats = StoredSeats(self.batch, LocalSeats(workers, clock))
        self.volumes = StoredVolumes(self.batch)
        self.pacing = StoredPacing(self.batch, LocalPacing(workers, clock))
        self.beginnings = StoredBeginnings(self.batch, LocalBeginnings(clock))

    async def ping(self) -> None:
        """Return if the store answers; raise `OutOfCapacity` if it does not."""
        try:
            await self._redis.ping()
        except (RedisError, RedisClusterException, OSError) as error:
            cause = f"{type(error).__name__}: {error}"
            raise OutOfCapacity(f"The store of limits does not answer: {cause}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()


def embedded_store(clock: Callable[[], float] = time.monotonic) -> RedisStore:
    """A store inside this process, for one worker; it is empty at each start."""
    return RedisStore(fakeredis.FakeAsyncRedis(), patience=_SECONDS_EMBEDDED, clock=clock)


def redis_store(url: str, workers: int = 1, patience: float = SECONDS_TO_ANSWER) -> RedisStore:
    """A store at a ``redis://``, ``rediss://`` or ``unix://`` URL, or of the cluster that a node at a
    ``redis+cluster://`` or ``rediss+cluster://`` URL belongs to; raise `ValueError` if it is none of these."""
    scheme = urlsplit(url).scheme
    if scheme.endswith(_CLUSTER):
        return RedisStore(_cluster(url.replace(_CLUSTER, "", 1), patience), workers, patience)
    redis = Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=_NO_NOTICES,
    )
    return RedisStore(redis, workers, patience)


def _cluster(url: str, patience: float) -> RedisCluster:
    """A client that never sends a call twice but where the first server has told that it ran nothing (MOVED, ASK).

    A connection fails before the call is given up: only then does the client ask who has the slots now. What one
    server tells of a slot that has moved is taken as that; with steps to initialize anew the client would close every
    connection, under all calls that wait for an answer.
    """
    return RedisCluster.from_url(
        url,
        socket_timeout=patience * _CONNECTION,
        socket_connect_timeout=patience * _CONNECTION,
        retry=Retry(NoBackoff(), 0),
        maint_notifications_config=_NO_NOTICES,
        reinitialize_steps=0,
    )
