"""A playlist of many segments, such as a day of live television: seconds to rewrite it, and bytes on the wire."""

from __future__ import annotations

import gzip
import time
from statistics import median

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.manifests.suites import BASES
from benchmarks.manifests.viewing import Viewing
from gateway.identity import Scope
from gateway.manifests import Kind

ROUNDS = 5
SEGMENT = "#EXTINF:4.000,\n#EXT-X-PROGRAM-DATE-TIME:2026-11-24T{:02d}:{:02d}:{:02d}.000Z\n{}segment-{:06d}.ts\n"
_HEAD = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:EVENT\n"


def playlist(segments: int, beneath: str = "") -> bytes:
    """A playlist of so many segments of four seconds."""
    times = ((number * 4 // 3600 % 24, number * 4 // 60 % 60, number * 4 % 60) for number in range(segments))
    lines = (SEGMENT.format(*time, beneath, number) for number, time in enumerate(times))
    return "".join([_HEAD, *lines]).encode()


def measure(scale: Scale) -> Report:
    """``requests`` segments; by /api, where each gets a grant, and by a grant, where they stay as they are."""
    viewing, base = Viewing.start(), BASES[Kind.HLS]
    text = playlist(scale.requests)
    plain = len(gzip.compress(text, 5))
    lines = [Line("segments", f"{scale.requests:,}"), Line("bytes as it comes", f"{len(text):,}")]
    lines.append(Line("  with gzip", f"{plain:,}"))
    for how, scope in (("by /api", None), ("by a grant", Scope("https://o.example", "/a/b/"))):
        took = []
        for _ in range(ROUNDS):
            started = time.process_time()
            seen = viewing.rewritten(Kind.HLS, text, base, scope)
            took.append(time.process_time() - started)
        small = len(gzip.compress(seen.after, 5))
        lines.append(Line(f"{how}: processor seconds", f"{median(took):.3f}"))
        lines.append(Line("  bytes", f"{len(seen.after):,}"))
        lines.append(Line("  with gzip", f"{small:,}", "at most 1.5 times that", kept=small <= 1.5 * plain))
    return Report(lines)


FIGURE = Figure("long_playlist", (__doc__ or "").strip(), Scale(20_000, 5), measure)

if __name__ == "__main__":
    FIGURE.main()
