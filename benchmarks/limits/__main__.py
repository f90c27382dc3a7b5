"""All figures about limits, one after another; with ``--write`` into the table of ``docs/performance.md``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- limits: begin -->", "<!-- limits: end -->"
HANG = 300
"""Seconds that no figure takes."""

QUICK: Mapping[str, tuple[int, float]] = {
    "exactness": (20_000, 20),
    "decisions": (10_000, 2),
    "outage": (8400, 14),
    "seats": (3, 15),
    "bandwidth": (20, 5),
    "egress": (20, 10),
    "reload": (100, 6),
}
"""The figures in their order, each with requests and seconds that show whether it works at all."""

Told = Mapping[str, Any]
"""What `benchmarks.figure.Figure.as_json` tells."""


def run(name: str, scale: Sequence[str]) -> Told:
    """One figure in a process of its own; raise `RuntimeError` if it tells nothing."""
    command = [sys.executable, "-m", f"benchmarks.limits.{name}", "--json", *scale]
    # Told to end, and not killed, it takes what it has started with it.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as figure:
        try:
            told, _ = figure.communicate(timeout=HANG)
        except BaseException:
            figure.terminate()
            raise
    if not told:
        raise RuntimeError(f"{name} ended with status {figure.returncode} and told nothing")
    return dict(json.loads(told))


def table(figures: Sequence[Told]) -> str:
    """Markdown: where and when, and a row for each thing that was measured."""
    rows = ["| figure | what | measured | promised |", "|---|---|---|---|"]
    for figure in figures:
        for line in figure["lines"]:
            promised = line["promised"] if line["kept"] else f"{line['promised']}: **broken**"
            rows.append(f"| {figure['figure']} | {line['what'].strip()} | {line['measured']} | {promised} |")
    return "\n".join([f"Measured on {time.strftime('%Y-%m-%d', time.gmtime())}, {machine()}.", "", *rows])


def machine() -> str:
    """What a figure depends on."""
    program = shutil.which("redis-server") or "redis-server"
    server = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()
    version = next((part.removeprefix("v=") for part in server if part.startswith("v=")), "?")
    python = platform.python_version()
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {python}, Redis {version}, all on one machine"


def write(page: Path, text: str) -> None:
    """Put a text between the markers of a page; raise `ValueError` if it has none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page.name} has no {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def main() -> None:
    """Exit with 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(QUICK)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see whether all works")
    parser.add_argument("--write", action="store_true", help=f"write the table into docs/{PAGE.name}")
    given = parser.parse_args()
    if unknown := set(given.figures) - QUICK.keys():
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    told = []
    for name in given.figures or QUICK:
        print(f"{name} ...", file=sys.stderr, flush=True)
        requests, seconds = QUICK[name]
        told.append(run(name, ["--requests", str(requests), "--seconds", str(seconds)] if given.quick else []))
    print(table(told))
    if given.write:
        write(PAGE, table(told))
    sys.exit(0 if all(figure["kept"] for figure in told) else 1)


if __name__ == "__main__":
    main()
