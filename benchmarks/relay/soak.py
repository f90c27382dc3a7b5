"""All that customers do at once, for ten minutes: players, API calls, tokens, cuts, reloads; what grows, what fails."""

from __future__ import annotations

import asyncio
import json
import os
import time
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
from benchmarks.relay.mix import Mix, Unexpected
from benchmarks.relay.peers import LOAD, pinned_gateway
from benchmarks.relay.usage import Gauges, Usage
from benchmarks.relay.viewer import Seen, Viewer
from benchmarks.relay.wire import Wire
from tests.service import Service

MARKS = (0.1, 0.5, 1.0)
"""When is told what was used: after 1, 5 and 10 minutes of ten."""

PLAYERS = 20
GOOD_EVERY, BROKEN_EVERY = 5, 30
"""Seconds from one edit of the tiers to the next."""

MOST_KIB = 16 * 1024
MOST_DESCRIPTORS = 16
"""Both more at the end than at the first mark. A few connections may come or go between one count and the next."""

TIERS = """\
origins:
  - {origin}
tiers:
  public: {{open_key: public_api_key, rate_limit: 10/60s, streaming: false}}
  standard: {{rate_limit: {limit}/60s, streaming: true}}
  partner: {{rate_limit: 6000/60s, streaming: true, concurrent_streams: 500}}
"""


@dataclass(frozen=True)
class Mark:
    """What was used at one moment; ``origin`` are the connections to it, idle ones too."""

    minutes: float
    usage: Usage
    gauges: Gauges
    origin: int
    unexpected: int

    @property
    def own(self) -> int:
        """Descriptors that are neither a client's nor the origin's."""
        return self.usage.descriptors - self.gauges.connections - self.origin


async def _edit(service: Service, origin: str, seconds: float) -> int:
    """A good edit every `GOOD_EVERY`, a broken one every `BROKEN_EVERY`, none asked for by signal; how many."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        await asyncio.sleep(GOOD_EVERY)
        count += 1
        broken = count % (BROKEN_EVERY // GOOD_EVERY) == 0
        new = service.folder / "tiers.new"
        new.write_text(TIERS.format(origin=origin, limit=0 if broken else 2000 + count % 2))
        new.replace(service.folder / "tiers.yaml")
    return count


async def _mark(service: Service, seconds: float, mix: Mix) -> list[Mark]:
    began, marks, process = time.monotonic(), [], psutil.Process(service.process.pid)
    origin = Wire(urlsplit(mix.origin).port or 0)
    for part in MARKS:
        await asyncio.sleep(began + part * seconds - time.monotonic())
        gauges = await asyncio.to_thread(Gauges.of, service)
        told = json.loads((await origin.get("/told")).body)
        usage = await asyncio.to_thread(Usage.of, [process])
        marks.append(Mark(part * seconds / 60, usage, gauges, told["connections"] - 1, len(mix.unexpected)))
    return marks


async def _soak(service: Service, origin: str, live: Live, mix: Mix, scale: Scale) -> tuple[list[Mark], Seen, int]:
    seen, until = Seen(), time.monotonic() + scale.seconds + 2  # under load still when it is counted for the last time
    viewers = [Viewer(service.port, origin, mix.token, live, seen) for _ in range(PLAYERS)]
    asking = asyncio.gather(mix.run(scale.requests, until), *(viewer.watch(until) for viewer in viewers))
    marks, edits = await asyncio.gather(_mark(service, scale.seconds, mix), _edit(service, origin, scale.seconds))
    await asking
    return marks, seen, edits


def measure(scale: Scale) -> Report:
    """``requests`` a second, besides what the players ask, for ``seconds``."""
    os.sched_setaffinity(0, {int(LOAD)})
    with (
        TemporaryDirectory(prefix="sluicegate-") as name,
        running_live_origin(Live()) as (origin, live),
        pinned_gateway(Path(name), TIERS.format(origin=origin, limit=2000)) as service,
    ):
        keys = {tier: new_key(service, tier) for tier in ("standard", "partner")}
        mix = Mix(service.port, origin, live, keys["standard"], keys["partner"], service.token(keys["partner"]))
        marks, seen, edits = uvloop.run(_soak(service, origin, live, mix, scale))
        log = service.log.read_text()
    lines = [_mark_line(mark) for mark in marks]
    lines += _growth(marks[0], marks[-1])
    lines += _failures(mix.unexpected, seen, mix)
    lines.append(Line("edits of the tiers", f"{edits}, {log.count('is in force')} in force, {_refused(log)} refused"))
    return Report(lines, [str(one) for one in mix.unexpected[:20]])


def _refused(log: str) -> int:
    return log.count("not reloaded")


def _mark_line(mark: Mark) -> Line:
    use = mark.usage
    told = f"RSS {use.rss >> 10:,} KiB, PSS {use.pss >> 10:,} KiB, {use.descriptors} descriptors, {mark.gauges}"
    told += f", {mark.origin} to the origin"
    return Line(f"after {mark.minutes:.1f} minutes", f"{told}, {mark.unexpected} unexpected")


def _growth(first: Mark, last: Mark) -> list[Line]:
    kib, descriptors = (last.usage.pss - first.usage.pss) >> 10, last.own - first.own
    promised = f"at most {MOST_KIB:,} KiB"
    return [
        Line("memory more at the end than at first", f"{kib:,} KiB", promised, kept=kib <= MOST_KIB),
        Line(
            "descriptors more, but for connections",
            f"{descriptors}",
            f"at most {MOST_DESCRIPTORS}",
            kept=descriptors <= MOST_DESCRIPTORS,
        ),
    ]


def _failures(unexpected: Sequence[Unexpected], seen: Seen, mix: Mix) -> list[Line]:
    asked = sum(mix.asked.values()) + sum(seen.playlists.values()) + sum(seen.segments.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(mix.asked.items()))
    players = asked - sum(mix.asked.values()) - seen.playlists[200] - seen.segments[200] + seen.wrong
    return [
        Line("requests", f"{asked:,}: {kinds}, the rest the players'"),
        Line("answers that were not as they should be", f"{len(unexpected)}", "0", kept=not unexpected),
        Line("  and of the players'", f"{players}", "0", kept=not players),
    ]


FIGURE = Figure("soak", (__doc__ or "").strip(), Scale(130, 600), measure)

if __name__ == "__main__":
    FIGURE.main()
