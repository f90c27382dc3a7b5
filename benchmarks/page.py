"""Figures put into a page: each run in a process of its own, and all of them in one table between two markers."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
PLOT = PAGE.with_suffix(".svg")
HANG = 900
"""Seconds that no figure takes."""

Told = Mapping[str, Any]
"""What `benchmarks.figure.Figure.as_json` tells."""


@dataclass(frozen=True)
class Section:
    """A part of the page. ``quick`` has the figures in their order, each with requests and seconds that show whether it
    works at all; ``plots`` draws one of them, as an SVG."""

    name: str
    quick: Mapping[str, tuple[int, float]]
    plots: Mapping[str, Callable[[Told], str]] = field(default_factory=dict)

    def main(self) -> None:
        """Be a command line; exit with 1 if a promise is broken."""
        parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{self.name}")
        parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(self.quick)}; all by default")
        parser.add_argument("--quick", action="store_true", help="small numbers, to see whether all works")
        parser.add_argument("--write", action="store_true", help=f"write the table into docs/{PAGE.name}, and the plot")
        given = parser.parse_args()
        if unknown := set(given.figures) - self.quick.keys():
            parser.error(f"there is no figure {', '.join(sorted(unknown))}")
        told = [self._run(name, quick=given.quick) for name in given.figures or self.quick]
        print(table(told))
        if given.write:
            write(PAGE, self.name, table(told))
            for figure in told:
                if plot := self.plots.get(figure["figure"]):
                    PLOT.write_text(plot(figure))
        sys.exit(0 if all(figure["kept"] for figure in told) else 1)

    def _run(self, name: str, *, quick: bool) -> Told:
        print(f"{name} ...", file=sys.stderr, flush=True)
        requests, seconds = self.quick[name]
        scale = ["--requests", str(requests), "--seconds", str(seconds)] if quick else []
        return run(f"benchmarks.{self.name}.{name}", scale)


def run(module: str, scale: Sequence[str]) -> Told:
    """One figure in a process of its own; raise `RuntimeError` if it tells nothing."""
    command = [sys.executable, "-m", module, "--json", *scale]
    # Told to end, and not killed, it takes what it has started with it.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as figure:
        try:
            told, _ = figure.communicate(timeout=HANG)
        except BaseException:
            figure.terminate()
            raise
    if not told:
        raise RuntimeError(f"{module} ended with status {figure.returncode} and told nothing")
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


def write(page: Path, section: str, text: str) -> None:
    """Put a text between a section's markers; raise `ValueError` if the page has none."""
    first, last = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before, begin, rest = page.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ValueError(f"{page.name} has no {first} and {last}")
    page.write_text(f"{before}{first}\n\n{text}\n\n{last}{after}")
