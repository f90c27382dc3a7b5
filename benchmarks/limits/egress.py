"""Bytes that are served past a day's quota by streams that run side by side: cut there, or left to finish."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import quote

from benchmarks.client import Stream, stream
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import counted_gateway, new_key, running_origin

LIMIT = 50_000_000
BODY = 10_000_000
"""Bytes of each stream that is left to finish: twenty are four times the limit."""

MIB = 1024 * 1024
DAY = 86_400
WORKERS = 2
TIERS = """\
origins:
  - {origin}
tiers:
  cut:
    rate_limit: 1000000/60s
    streaming: true
    egress_quota: {{volumes: [50MB/day], when_reached: cut}}
  finish:
    rate_limit: 1000000/60s
    streaming: true
    egress_quota: {{volumes: [50MB/day], when_reached: finish}}
"""


async def _together(port: int, path: str, tokens: Sequence[str], seconds: float) -> list[Stream]:
    reads = (stream(port, path, f"X-Session-Token: {token}\r\n", seconds) for token in tokens)
    return list(await asyncio.gather(*reads))


def _wait_for_midnight(seconds: float) -> None:
    """Begin so that the day does not end meanwhile."""
    left = DAY - time.time() % DAY
    if left < seconds:
        time.sleep(left + 1)


def _cut_lines(streams: Sequence[Stream], after: int) -> list[Line]:
    served = sum(seen.size for seen in streams)
    past, unused = max(served - LIMIT, 0), max(LIMIT - served, 0)
    uncut = sum(seen.whole for seen in streams)
    return [
        Line("cut: bytes past the limit", f"{past:,} ({served:,} of {LIMIT:,} served)", "0", kept=past == 0),
        Line("  bytes of the limit not served", f"{unused:,}", "under 1 MiB", kept=unused < MIB),
        Line("  streams that look whole", f"{uncut} of {len(streams)}", "0", kept=uncut == 0),
        Line("  a new request then", f"{after}", "429", kept=after == 429),
    ]


def _finish_lines(streams: Sequence[Stream], after: int) -> list[Line]:
    served = sum(seen.size for seen in streams)
    whole = sum(seen.whole for seen in streams)
    begun = sum(seen.status == 200 for seen in streams)
    past, most = max(served - LIMIT, 0), begun * BODY
    return [
        Line("finish: bytes past the limit", f"{past:,} ({served:,} served)", f"at most {most:,}", kept=past <= most),
        Line("  bodies that were whole", f"{whole} of {begun} begun", "all", kept=whole == begun),
        Line("  a new request then", f"{after}", "429", kept=after == 429),
    ]


def measure(scale: Scale) -> Report:
    """Open as many streams as ``requests`` of each kind, for ``seconds`` at most."""
    _wait_for_midnight(3 * scale.seconds)
    with running_origin() as origin, counted_gateway(TIERS.format(origin=origin), WORKERS) as (service, _):
        lines: list[Line] = []
        for tier, target, judge in (("cut", "endless", _cut_lines), ("finish", f"bytes/{BODY}", _finish_lines)):
            key = new_key(service, tier)
            tokens = [service.token(key) for _ in range(scale.requests + 1)]
            path = f"/api?url={quote(f'{origin}/{target}', safe='')}"
            streams = asyncio.run(_together(service.port, path, tokens[1:], scale.seconds))
            after = asyncio.run(_together(service.port, path, tokens[:1], 1))
            lines += judge(streams, after[0].status)
    return Report(lines)


FIGURE = Figure("egress", (__doc__ or "").strip(), Scale(20, 25), measure)

if __name__ == "__main__":
    FIGURE.main()
