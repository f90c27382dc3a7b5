"""Real gateway processes before a benchmark's own origin, gone afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

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
    """The URL of an origin in a process of its own, which tells it in its first line."""
    line = [sys.executable, "-m", module]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()
