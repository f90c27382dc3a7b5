"""A gateway is killed while it streams: how long its seats stay taken, as another gateway sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from benchmarks.client import Stream, stream
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import gateway, new_key, running_origin
from benchmarks.redis_server import running_redis
from tests.service import Service

IDLE = 5
EACH = 0.1
"""Seconds between tries."""

TIERS = """\
origins:
  - {origin}
tiers:
  standard:
    rate_limit: 1000000/60s
    streaming: true
    concurrent_streams: {{limit: {seats}, idle: 5s}}
    bandwidth: {{session: 8Mbit/s}}
"""


async def _status(port: int, path: str, token: str) -> int:
    """The status of a stream that is left at once if it begins."""
    return (await stream(port, path, f"X-Session-Token: {token}\r\n", 0.05)).status


async def _seat_in(port: int, path: str, token: str, ends: float) -> float:
    """When a session that tries again and again gets a seat; infinite if it does not until ``ends``."""
    while time.monotonic() < ends:
        if await _status(port, path, token) == 200:
            return time.monotonic()
        await asyncio.sleep(EACH)
    return float("inf")


async def _kill_and_wait(
    doomed: Service, other: Service, path: str, tokens: Sequence[str], seconds: float
) -> tuple[int, list[float]]:
    """What another session is told while all seats are taken; seconds from the kill until each of as many sits."""
    half = len(tokens) // 2
    held = [Stream() for _ in range(half)]
    streams = [
        asyncio.ensure_future(stream(doomed.port, path, f"X-Session-Token: {token}\r\n", 60, into))
        for token, into in zip(tokens[:half], held, strict=True)
    ]
    await asyncio.sleep(2)  # longer than it takes until a lease is first renewed
    if any(seen.status != 200 for seen in held):
        raise RuntimeError(f"streams that should have seats are answered {[seen.status for seen in held]}")
    full = await _status(other.port, path, tokens[-1])
    os.kill(doomed.process.pid, signal.SIGKILL)
    killed = time.monotonic()
    sat = await asyncio.gather(*(_seat_in(other.port, path, token, killed + seconds) for token in tokens[half:]))
    await asyncio.gather(*streams)
    return full, [at - killed for at in sat]


def measure(scale: Scale) -> Report:
    """Take as many seats as ``requests``; wait for them as long as ``seconds``."""
    seats = scale.requests
    with (
        running_redis() as redis,
        running_origin() as origin,
        TemporaryDirectory(prefix="sluicegate-state-") as state,
        gateway(TIERS.format(origin=origin, seats=seats), "--redis", redis.url, state=Path(state)) as doomed,
    ):
        key = new_key(doomed, "standard")
        with gateway(TIERS.format(origin=origin, seats=seats), "--redis", redis.url, state=Path(state)) as other:
            tokens = [other.token(key) for _ in range(2 * seats)]
            path = f"/api?url={quote(f'{origin}/endless', safe='')}"
            full, waits = asyncio.run(_kill_and_wait(doomed, other, path, tokens, scale.seconds))
    most = IDLE + 2 * EACH
    return Report(
        [
            Line("one more while all seats are taken", f"{full}", "429", kept=full == 429),
            Line("seconds until the first is free", f"{min(waits):.2f}"),
            Line(
                f"seconds until all {seats} are free",
                f"{max(waits):.2f}",
                f"at most {IDLE}, seen within {2 * EACH:.1f} more",
                kept=max(waits) <= most,
            ),
        ]
    )


FIGURE = Figure("seats", (__doc__ or "").strip(), Scale(3, 15), measure)

if __name__ == "__main__":
    FIGURE.main()
