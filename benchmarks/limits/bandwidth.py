"""Bits a second, asked and measured: one stream, and twenty of one key on two workers, from an origin without end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import quote

from benchmarks.client import stream
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import counted_gateway, new_key, running_origin

SESSION, KEY = 8_000_000, 80_000_000
WORKERS = 2
TOLERANCE = 0.05
LARGEST_SECOND = 2.0
"""Of the rate: a stream takes a fifth of a second's bytes at once, and sends whole pieces of what it has taken."""

TIERS = """\
origins:
  - {origin}
tiers:
  standard:
    rate_limit: 1000000/60s
    streaming: true
    bandwidth: {{session: 8Mbit/s, key: 80Mbit/s}}
"""

Came = Sequence[tuple[float, int]]
"""When, and how many bytes; ascending."""


async def _watch(port: int, path: str, tokens: Sequence[str], seconds: float) -> tuple[float, Came]:
    """Seconds from the first byte to the end, and all that came to all streams."""
    streams = await asyncio.gather(*(stream(port, path, f"X-Session-Token: {it}\r\n", seconds) for it in tokens))
    ended = time.monotonic()
    if wrong := [seen.status for seen in streams if not seen.came]:
        raise RuntimeError(f"streams without a byte, by their statuses: {wrong}")
    came = sorted(piece for seen in streams for piece in seen.came)
    return ended - came[0][0], came


def _largest_second(came: Came) -> int:
    """The most bytes that came in any second."""
    first, within, most = 0, 0, 0
    for when, size in came:
        within += size
        while came[first][0] <= when - 1:
            within -= came[first][1]
            first += 1
        most = max(most, within)
    return most


def _lines(name: str, asked: int, seconds: float, came: Came) -> list[Line]:
    measured = sum(size for _, size in came) * 8 / seconds
    largest = _largest_second(came) * 8
    ratio = measured / asked
    told = f"{measured / 1e6:.2f} of {asked / 1e6:.0f} Mbit/s over {seconds:.0f} s, ratio {ratio:.3f}"
    return [
        Line(name, told, f"{1 - TOLERANCE} to {1 + TOLERANCE}", kept=abs(ratio - 1) <= TOLERANCE),
        Line(
            "  its largest second",
            f"{largest / 1e6:.2f} Mbit, ratio {largest / asked:.3f}",
            f"at most {LARGEST_SECOND}",
            kept=largest <= LARGEST_SECOND * asked,
        ),
    ]


def measure(scale: Scale) -> Report:
    """Open as many streams as ``requests``, after one alone; each of the two for so many ``seconds``."""
    with running_origin() as origin, counted_gateway(TIERS.format(origin=origin), WORKERS) as (service, _):
        key = new_key(service, "standard")
        tokens = [service.token(key) for _ in range(scale.requests + 1)]
        path = f"/api?url={quote(f'{origin}/endless', safe='')}"
        alone = asyncio.run(_watch(service.port, path, tokens[:1], scale.seconds))
        together = asyncio.run(_watch(service.port, path, tokens[1:], scale.seconds))
    shared = min(KEY, SESSION * scale.requests)
    return Report([*_lines("1 stream", SESSION, *alone), *_lines(f"{scale.requests} streams", shared, *together)])


FIGURE = Figure("bandwidth", (__doc__ or "").strip(), Scale(20, 30), measure)

if __name__ == "__main__":
    FIGURE.main()
