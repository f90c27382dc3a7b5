"""Reloads under load, every tenth of a broken file: failed requests, memory and file descriptors."""

from __future__ import annotations

import asyncio
import itertools
import re
import signal
import time
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from benchmarks.client import Answer, Client, Load, paced
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import counted_gateway, new_key
from tests.service import Service

RATE = 200
"""Requests a second, half of them with a key, half with a session token."""

WARM_UP = 50
"""Reloads after which memory is read for the first time: pools have their size then."""

BROKEN_EACH = 10
CONNECTIONS = 8
SECONDS_TO_RELOAD = 5.0
MOST_KIB = 8 * 1024
"""That memory may grow by: 8 bytes a reload would not show, 8 KiB would."""

TIERS = """\
origins:
  - https://media.example.com
tiers:
  standard:
    rate_limit: {limit}/60s
    streaming: true
    concurrent_streams: 3
"""
MOST_DESCRIPTORS = 10
"""That may come: connections to Redis, of which as many are open as calls were ever under way at once."""

FIRST, SECOND = TIERS.format(limit=900_000), TIERS.format(limit=800_000)
BROKEN = TIERS.format(limit=0)
_TOLD = re.compile(r"generation (?P<good>\d+) is in force|(?P<bad>not reloaded), generation")


@dataclass(frozen=True)
class Usage:
    """What a process takes."""

    kib: int
    descriptors: int

    @classmethod
    def of(cls, service: Service) -> Usage:
        """Now."""
        return cls(service.resident_kib(), sum(1 for _ in Path(f"/proc/{service.process.pid}/fd").iterdir()))


@dataclass
class Reloads:
    """What the service told of its reloads."""

    service: Service
    log: TextIO
    good: int = 0
    bad: int = 0

    async def once(self, text: str) -> None:
        """Put another ``tiers.yaml`` in place, ask for a reload, and wait until one is told; raise `TimeoutError`."""
        new = self.service.folder / "tiers.new"
        new.write_text(text)
        new.replace(self.service.folder / "tiers.yaml")
        self.service.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(SECONDS_TO_RELOAD):
            while not self._told():  # noqa: ASYNC110 - another process tells
                await asyncio.sleep(0.002)

    def _told(self) -> bool:
        told = list(_TOLD.finditer(self.log.read()))
        self.good += sum(1 for it in told if it["good"])
        self.bad += sum(1 for it in told if it["bad"])
        return bool(told)


async def _reload(reloads: Reloads, count: int, seconds: float) -> tuple[Usage, Usage]:
    """Reload evenly over so many seconds; usage after the warm-up and at the end."""
    began, valid = time.monotonic(), itertools.cycle((FIRST, SECOND))
    before = Usage.of(reloads.service)
    for number in range(1, count + 1):
        await reloads.once(BROKEN if number % BROKEN_EACH == 0 else next(valid))
        if number == min(WARM_UP, count // 2):
            before = Usage.of(reloads.service)
        await asyncio.sleep(max(began + number * seconds / count - time.monotonic(), 0))
    return before, Usage.of(reloads.service)


async def _both(service: Service, key: str, token: str, scale: Scale) -> tuple[Reloads, Usage, Usage, Load]:
    client = Client(service.port)
    await client.open(CONNECTIONS)
    asks = itertools.cycle((("/api/tiers", f"X-API-Key: {key}\r\n"), ("/api/usage", f"X-Session-Token: {token}\r\n")))
    with service.log.open() as log:
        log.seek(0, 2)
        reloads = Reloads(service, log)
        loading = asyncio.ensure_future(paced(lambda: client.get(*next(asks)), RATE, scale.seconds))
        before, after = await _reload(reloads, scale.requests, scale.seconds)
        load = await loading
    client.close()
    return reloads, before, after, load


def measure(scale: Scale) -> Report:
    """Reload as often as ``requests``, evenly over ``seconds``."""
    with counted_gateway(FIRST) as (service, _):
        key = new_key(service, "standard")
        token = service.token(key)
        reloads, before, after, load = asyncio.run(_both(service, key, token, scale))
    broken = scale.requests // BROKEN_EACH
    return Report(
        [
            _told_line("reloads of a good file", reloads.good, scale.requests - broken),
            _told_line("reloads of a broken file", reloads.bad, broken),
            _failed_line(load.answers),
            _slowest_line(load),
            Line(
                "resident memory",
                f"{before.kib:,} KiB after {min(WARM_UP, scale.requests // 2)} reloads, {after.kib:,} at the end",
                f"at most {MOST_KIB:,} KiB more",
                kept=after.kib - before.kib <= MOST_KIB,
            ),
            Line(
                "file descriptors",
                f"{before.descriptors}, then {after.descriptors}",
                f"at most {MOST_DESCRIPTORS} more",
                kept=after.descriptors - before.descriptors <= MOST_DESCRIPTORS,
            ),
        ]
    )


def _told_line(what: str, told: int, asked: int) -> Line:
    # The service also looks by itself every two seconds, and may tell of one file twice.
    return Line(what, f"{told}", f"at least {asked}", kept=told >= asked)


def _slowest_line(load: Load) -> Line:
    slowest = max(it.answered - it.sent for it in load.answers)
    return Line(
        "slowest answer", f"{slowest * 1000:.0f} ms; the load itself was late by {load.late * 1000:.0f} ms at most"
    )


def _failed_line(answers: Sequence[Answer]) -> Line:
    statuses = Tally(it.status for it in answers)
    failed = len(answers) - statuses[200]
    told = ", ".join(f"{status or 'none'} x {count}" for status, count in sorted(statuses.items()))
    return Line("requests that failed", f"{failed} ({told})", "0", kept=not failed)


FIGURE = Figure("reload", (__doc__ or "").strip(), Scale(1000, 60), measure)

if __name__ == "__main__":
    FIGURE.main()
