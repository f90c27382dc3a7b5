"""Clients in the middle of 200 MB, half slow and half as fast as can be, are gone at one moment: what they leave."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import psutil
import uvloop

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import new_key, running_origin
from benchmarks.relay.peers import LOAD, TIERS, pinned_gateway
from benchmarks.relay.usage import Gauges, Usage
from benchmarks.relay.wire import Reader, Wire
from gateway.service.bounds import raise_descriptors
from tests.service import Service

SIZE = 200 * 10**6
SLOW = 10_000
"""Bytes a second of a slow client."""

OPENING = 20
AFTER = 5
"""Seconds after which nothing may be left."""


@dataclass(frozen=True)
class Moment:
    """What the gateway and the origin told; ``under_way`` are transfers of the origin's, and ``open`` its connections,
    idle ones too."""

    usage: Usage
    gauges: Gauges
    under_way: int
    open: int

    @classmethod
    async def now(cls, service: Service, origin: str) -> Moment:
        """Ask both."""
        told = json.loads((await Wire(urlsplit(origin).port or 0).get("/told")).body)
        usage = await asyncio.to_thread(Usage.of, [psutil.Process(service.process.pid)])
        gauges = await asyncio.to_thread(Gauges.of, service)
        return cls(usage, gauges, told["transfers"] - 1, told["connections"] - 1)  # our own question is one of each


async def _join(service: Service, origin: str, token: str, count: int) -> list[Reader]:
    room = asyncio.Semaphore(OPENING)

    async def join(number: int) -> Reader | None:
        path = f"/api?url={quote(f'{origin}/bytes/{SIZE}?{number}', safe='')}"
        async with room:
            with suppress(OSError, TimeoutError):
                return await Reader.open(service.port, path, f"X-Session-Token: {token}\r\n", 16 * 1024)
        return None

    joined = await asyncio.gather(*map(join, range(count)))
    return [reader for reader in joined if reader and reader.status == 200]


async def _crawl(readers: Sequence[Reader]) -> None:
    while True:
        for reader in readers:
            reader.take(SLOW)
        await asyncio.sleep(1)


async def _run(service: Service, origin: str, token: str, scale: Scale) -> tuple[Moment, Moment, Moment, int]:
    """Before, in the middle, and `AFTER` seconds after; and how many clients there were."""
    before = await Moment.now(service, origin)
    readers = await _join(service, origin, token, scale.requests)
    half = len(readers) // 2
    tasks = [asyncio.ensure_future(_crawl(readers[:half]))]
    tasks += [asyncio.ensure_future(reader.read_on()) for reader in readers[half:]]
    await asyncio.sleep(scale.seconds)
    middle = await Moment.now(service, origin)
    for task in tasks:
        task.cancel()
    for reader in readers:
        reader.reset()
    await asyncio.sleep(AFTER)
    return before, middle, await Moment.now(service, origin), len(readers)


def measure(scale: Scale) -> Report:
    """``requests`` clients, cut after ``seconds``."""
    raise_descriptors()
    os.sched_setaffinity(0, {int(LOAD)})
    with (
        TemporaryDirectory(prefix="sluicegate-") as name,
        running_origin() as origin,
        pinned_gateway(Path(name), TIERS.format(origin=origin)) as service,
    ):
        token = service.token(new_key(service, "partner"))
        before, middle, after, count = uvloop.run(_run(service, origin, token, scale))
    left = after.gauges
    more = after.usage.descriptors - before.usage.descriptors
    return Report(
        [
            Line("clients in the middle of a body", f"{count}", f"{scale.requests}", kept=count == scale.requests),
            Line("  the gateway then", f"{middle.gauges}, {middle.usage.descriptors} descriptors"),
            Line(f"origin's transfers left after {AFTER} s", f"{after.under_way}", "0", kept=not after.under_way),
            Line("  its connections left, idle ones too", f"{after.open}", "0", kept=not after.open),
            # The connection that asks for the metrics is the admin port's, and not counted.
            Line("the gateway's own count", f"{left}", "0 of each", kept=left == Gauges(0, 0, 0)),
            Line(
                "its descriptors, before and after",
                f"{before.usage.descriptors}, {after.usage.descriptors}",
                "no more than before",
                kept=more <= 0,
            ),
        ]
    )


FIGURE = Figure("cut_clients", (__doc__ or "").strip(), Scale(500, 5), measure)

if __name__ == "__main__":
    FIGURE.main()
