"""Decode an address with the FFmpeg inside `av`: ``pyav.py ADDRESS live|recorded SECONDS SECONDS_AFTER_A_SEEK``.

What was done is the last line told; the exit status is 0 if it was all.
"""

from __future__ import annotations

import sys

import av

SOUGHT = 5


def seconds(container: av.container.InputContainer, wanted: float) -> tuple[float, float]:
    """Decode that much, and tell where it began and ended."""
    first = last = None
    for frame in container.decode(video=0):
        if frame.time is not None:
            first = frame.time if first is None else first
            last = frame.time
            if last - first >= wanted:
                break
    return first or 0.0, last or 0.0


def tell(line: str) -> None:
    """Say it at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Play, then seek; a live stream is opened once more, further back in its window."""
    address, kind, wanted, after = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    with av.open(address) as container:
        start, end = seconds(container, wanted)
        told = f"{end - start:.1f} s"
        if end - start < wanted:
            tell(told)
            return 1
        if kind == "recorded":
            container.seek(SOUGHT * 1_000_000 + (container.start_time or 0))
            start, end = seconds(container, after)
            tell(f"{told}, then from {start:.1f} to {end:.1f} s")
            return int(end - start < after or start > SOUGHT + 4)
    options = {} if ".mpd" in address else {"live_start_index": "-8"}
    with av.open(address, options=options) as container:
        start, end = seconds(container, after)
        tell(f"{told}, then from {start:.1f} to {end:.1f} s")
        return int(end - start < after)


if __name__ == "__main__":
    sys.exit(main())
