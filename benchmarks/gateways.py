"""Real gateway processes before a benchmark's own origin, gone afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.origin import Live
from benchmarks.redis_server import RedisServer, running_redis
from tests.service import ROOT, Service

SECONDS_TO_HEAR = 0.5
"""In which the other workers have heard of a key that the first knows."""


@contextmanager
def gateway(tiers: str, *arguments: str, state: Path | None = None) -> Iterator[Service]:
    """A gateway with these tiers; ``state`` is a folder of secrets and keys that several share."""
    with TemporaryDirectory(prefix="sluicegate-") as folder:
        service = Service.start(Path(folder), tiers, *arguments, state=state)
        try:
            yield service
        finally:
            service.stop()


@contextmanager
def counted_gateway(tiers: str, workers: int = 1) -> Iterator[tuple[Service, RedisServer]]:
    """A gateway and the Redis in which it counts."""
    with running_redis() as redis, gateway(tiers, "--redis", redis.url, "--workers", str(workers)) as service:
        yield service, redis


def new_key(service: Service, tier: str) -> str:
    """A key that all workers know."""
    key = service.add_key(f"client-{tier}", tier)
    time.sleep(SECONDS_TO_HEAR)
    return key


@contextmanager
def running_origin(module: str = "benchmarks.origin") -> Iterator[str]:
    """The URL of an origin in a process of its own, which tells it first of all."""
    with _telling(module) as told:
        yield told[0]


@contextmanager
def running_live_origin(live: Live) -> Iterator[tuple[str, Live]]:
    """The URL of `benchmarks.origin` with such a stream, and the stream: it tells when each segment was to be had."""
    with _telling("benchmarks.origin", str(live.seconds), str(live.size), live.cache_control) as (url, began):
        yield url, replace(live, began=float(began))


@contextmanager
def _telling(module: str, *arguments: str) -> Iterator[list[str]]:
    line = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()
    finally:
        process.kill()
        process.communicate()
