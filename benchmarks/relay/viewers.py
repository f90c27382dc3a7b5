"""Viewers that join one live stream within a second: what the origin is asked for, and whether they see it in time."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psutil
import uvloop

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import new_key, running_live_origin
from benchmarks.origin import Live
from benchmarks.relay.peers import LOAD, pinned_gateway
from benchmarks.relay.viewer import Seen, Viewer
from benchmarks.relay.wire import Wire
from gateway.service.bounds import raise_descriptors
from tests.service import Service

SECONDS, SIZE = 4.0, 128 * 1024
"""Of a segment. With 2 seconds a thousand viewers ask a thousand times a second, more than one processor of those this
was written on carries beside the viewers themselves."""

TIERS = """\
origins:
  - {origin}
tiers:
  partner:
    rate_limit: 1000000/60s
    streaming: true
"""


@dataclass(frozen=True)
class Told:
    """Of one run: what the viewers saw, how often the origin was asked for each path, and the processor seconds of the
    gateway and of the viewers."""

    seen: Seen
    asked: Tally[str]
    seconds: float
    gateway: float
    viewers: float


async def _tokens(port: int, key: str, count: int) -> Sequence[str]:
    wire, fields = Wire(port), f"X-API-Key: {key}\r\n"
    bodies = [(await wire.get("/api/auth", fields, "POST")).body for _ in range(count)]
    wire.close()
    return [json.loads(body)["token"] for body in bodies]


async def _watch(service: Service, key: str, origin: str, live: Live, scale: Scale) -> Told:
    seen, count, process = Seen(), scale.requests, psutil.Process(service.process.pid)
    tokens = await _tokens(service.port, key, count)
    viewers = [Viewer(service.port, origin, token, live, seen) for token in tokens]
    # All come in the second after a segment was had, and so ask again when the next one has been had.
    began = live.had_at(live.newest() + 1) + 0.1
    until = began + scale.seconds

    async def join(number: int, viewer: Viewer) -> None:
        await asyncio.sleep(began + number / count - time.monotonic())
        await viewer.watch(until)

    gateway, own = sum(process.cpu_times()[:2]), time.process_time()
    await asyncio.gather(*(join(number, viewer) for number, viewer in enumerate(viewers)))
    gateway, own = sum(process.cpu_times()[:2]) - gateway, time.process_time() - own
    told = json.loads((await Wire(urlsplit(origin).port or 0).get("/told")).body)
    return Told(seen, Tally(told["asked"]), scale.seconds, gateway, own)


def _lines(what: str, told: Told, viewers: int, kept: float) -> list[Line]:
    """``kept`` seconds a playlist may be."""
    seen = told.seen
    fetches = [count for path, count in told.asked.items() if path.endswith(".ts")]
    stalls = sum(late > SECONDS for late in seen.late)
    failed = _failed(seen.playlists) + _failed(seen.segments)
    most, playlists = max(fetches, default=0), told.asked["/live/list.m3u8"]
    answers = f"{seen.playlists[200]:,} playlists, {seen.segments[200]:,} segments"
    late = sorted(seen.late) or [0.0]
    return [
        Line(f"{what}: {viewers:,} viewers had", answers),
        Line("  processor seconds, gateway and viewers", f"{told.gateway:.1f} and {told.viewers:.1f}"),
        Line("  fetches of one segment, at most", f"{most:,} of {len(fetches)} segments", "1", kept=most == 1),
        Line(
            "  fetches of the playlist",
            f"{playlists:,}, {playlists / told.seconds:.1f} a second",
            f"at most {1 / kept:.1f} a second and 2",
            kept=playlists <= told.seconds / kept + 2,
        ),
        Line("  bodies that were wrong", f"{seen.wrong}", "0", kept=not seen.wrong),
        Line("  answers other than 200", f"{failed}", "0", kept=not failed),
        Line(
            f"  stalls: segments later than {SECONDS:.0f} s",
            f"{stalls} of {len(seen.late):,}; p50 {late[len(late) // 2]:.1f} s, the last {late[-1]:.1f} s",
            "0",
            kept=not stalls,
        ),
    ]


def _failed(statuses: Tally[int]) -> int:
    return sum(statuses.values()) - statuses[200]


def measure(scale: Scale) -> Report:
    """``requests`` viewers for ``seconds``; once with a playlist that says nothing of being kept, once for a second."""
    raise_descriptors()
    os.sched_setaffinity(0, {int(LOAD)})
    lines: list[Line] = []
    # What says nothing of being kept is not to be older than half a target duration.
    for cache_control, kept in (("", SECONDS / 2), ("max-age=1", 1.0)):
        with (
            TemporaryDirectory(prefix="sluicegate-") as name,
            running_live_origin(Live(SECONDS, SIZE, cache_control)) as (origin, live),
            pinned_gateway(Path(name), TIERS.format(origin=origin)) as service,
        ):
            key = new_key(service, "partner")
            told = uvloop.run(_watch(service, key, origin, live, scale))
        lines += _lines(cache_control or "no Cache-Control", told, scale.requests, kept)
    return Report(lines, [f"Segments of {SECONDS:.0f} s and {SIZE // 1024} KiB; see benchmarks/README.md."])


FIGURE = Figure("viewers", (__doc__ or "").strip(), Scale(1000, 20), measure)

if __name__ == "__main__":
    FIGURE.main()
