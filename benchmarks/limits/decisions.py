"""Decisions a second of one process on a real Redis, the calls that they cost, and what a flood costs."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio import Redis

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.redis_server import running_redis
from gateway.limits import Counter, OnStoreError
from gateway.store.redis_store import RedisStore, redis_store
from gateway.units import Positive, Rate, Seconds

TOGETHER = 200
"""Decisions that wait at one moment."""

COUNTERS = tuple(Counter(f"key-{number}", "rate_limit", OnStoreError.DENY) for number in range(64))
OPEN = (Rate(Positive(1_000_000), Seconds(60)),)
FLOODED = (Rate(Positive(100), Seconds(60)),)
FLOOD_RATE, FLOOD_SECONDS = 5000, 5
TICK_SECONDS = 0.002

Take = Callable[[int], Awaitable[object]]
"""Decides one request; takes its number, which gives its counter."""

PEER_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local admitted = redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1])
if admitted then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), string.format('%.0f', now) .. ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2] / 1000)
end
return admitted and 1 or 0
"""
"""The sliding window as it is usually written: a sorted set. A time and the request's number are its member."""


@dataclass(frozen=True)
class Pace:
    """How fast decisions were made, and at how many calls of Redis for each thousand."""

    per_second: float
    calls: float

    def __str__(self) -> str:
        return f"{self.per_second:,.0f}/s, {self.calls:,.0f} calls per 1000"


async def in_crowds(take: Take, requests: int) -> float:
    """Decisions a second, `TOGETHER` at a time."""
    started = time.perf_counter()
    for first in range(0, requests, TOGETHER):
        await asyncio.gather(*(take(number) for number in range(first, first + TOGETHER)))
    return requests / (time.perf_counter() - started)


async def one_by_one(take: Take, requests: int) -> float:
    """Decisions a second, each when the one before is made."""
    started = time.perf_counter()
    for number in range(requests):
        await take(number)
    return requests / (time.perf_counter() - started)


async def ours(url: str, requests: int) -> tuple[Pace, Pace]:
    """In crowds, and one by one."""
    store = redis_store(url)

    async def take(number: int) -> None:
        await store.requests.take(COUNTERS[number % len(COUNTERS)], OPEN, 1)

    await in_crowds(take, TOGETHER)
    paces = []
    for run, size in ((in_crowds, requests), (one_by_one, requests // 5)):
        before = store.batch.calls
        per_second = await run(take, size)
        paces.append(Pace(per_second, (store.batch.calls - before) * 1000 / size))
    await store.close()
    return paces[0], paces[1]


async def peer(url: str, requests: int) -> tuple[str, float, float]:
    """Its name; decisions a second in crowds (a pipeline, or tasks if it has none), and one by one."""
    if importlib.util.find_spec("limits"):
        return await _limits_library(url, requests)
    redis = Redis.from_url(url)
    sha1 = await redis.script_load(PEER_SCRIPT)
    window = OPEN[0]

    def ask(client: Redis, number: int) -> Awaitable[object]:
        name = f"peer:{number % len(COUNTERS)}"
        told: Awaitable[object] = client.evalsha(sha1, 1, name, window.limit, window.window * 1_000_000, f"-{number}")
        return told

    started = time.perf_counter()
    for first in range(0, requests, TOGETHER):
        pipeline = redis.pipeline(transaction=False)
        for number in range(first, first + TOGETHER):
            await ask(pipeline, number)
        await pipeline.execute()
    crowds = requests / (time.perf_counter() - started)
    alone = await one_by_one(lambda number: ask(redis, requests + number), requests // 5)
    await redis.aclose()
    return "redis-py, sorted sets (pipelined, one by one)", crowds, alone


async def _limits_library(url: str, requests: int) -> tuple[str, float, float]:
    storages = importlib.import_module("limits.aio.storage")
    strategies = importlib.import_module("limits.aio.strategies")
    limits = importlib.import_module("limits")
    storage = storages.RedisStorage(f"async+{url}", implementation="redispy", max_connections=TOGETHER)
    limiter = strategies.MovingWindowRateLimiter(storage)
    item = limits.RateLimitItemPerSecond(OPEN[0].limit, OPEN[0].window)

    def take(number: int) -> Awaitable[object]:
        decided: Awaitable[object] = limiter.hit(item, f"key-{number % len(COUNTERS)}")
        return decided

    await one_by_one(take, TOGETHER)
    crowds = await in_crowds(take, requests // 5)
    return f"limits {limits.__version__} (tasks, one by one)", crowds, await one_by_one(take, requests // 5)


async def flood(store: RedisStore, seconds: float) -> tuple[float, int, int]:
    """One key at `FLOOD_RATE`: the rate that was reached, the calls of Redis, and how many were admitted."""
    before, admitted, asked = store.batch.calls, 0, 0
    counter = Counter("flooding", "rate_limit", OnStoreError.DENY)
    started = time.perf_counter()
    while (gone := time.perf_counter() - started) < seconds:
        due = int(gone * FLOOD_RATE) - asked
        decisions = await asyncio.gather(*(store.requests.take(counter, FLOODED, 1) for _ in range(due)))
        admitted += sum(decision.admitted for decision in decisions)
        asked += due
        await asyncio.sleep(TICK_SECONDS)
    return asked / (time.perf_counter() - started), store.batch.calls - before, admitted


async def _flood(url: str, seconds: float) -> tuple[float, int, int]:
    store = redis_store(url)
    told = await flood(store, seconds)
    await store.close()
    return told


def measure(scale: Scale) -> Report:
    """Count a decision as one request, one by one a fifth as many; ``seconds`` bounds the flood."""
    requests = max(scale.requests // TOGETHER, 5) * TOGETHER
    with running_redis() as server:
        crowds, alone = asyncio.run(ours(server.url, requests))
    with running_redis() as server:
        name, peer_crowds, peer_alone = asyncio.run(peer(server.url, requests))
    with running_redis() as server:
        rate, calls, admitted = asyncio.run(_flood(server.url, min(scale.seconds, FLOOD_SECONDS)))
    limit = FLOODED[0].limit
    return Report(
        [
            Line(f"{TOGETHER} at a time, {len(COUNTERS)} counters", f"{crowds}"),
            Line("one by one", f"{alone}"),
            Line(f"peer: {name}", f"{peer_crowds:,.0f}/s, {peer_alone:,.0f}/s"),
            Line("times the peer", f"{crowds.per_second / peer_crowds:.2f}, {alone.per_second / peer_alone:.2f}"),
            Line(
                f"calls while one key floods, {FLOODED[0]}",
                f"{calls} at {rate:,.0f} requests/s, {admitted} admitted",
                f"at most {limit + 1}",
                kept=calls <= limit + 1 and admitted <= limit,
            ),
        ]
    )


FIGURE = Figure("decisions", (__doc__ or "").strip(), Scale(100_000, FLOOD_SECONDS), measure)

if __name__ == "__main__":
    FIGURE.main()
