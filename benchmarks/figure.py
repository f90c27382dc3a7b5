"""A figure: what was measured beside what is promised, as a short table or as JSON."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Line:
    """One thing that was measured; ``kept`` is whether it is as ``promised``, which is empty if nothing is."""

    what: str
    measured: str
    promised: str = ""
    kept: bool = True


@dataclass(frozen=True)
class Report:
    """What a figure found; ``detail`` is text for those who want to know more."""

    lines: Sequence[Line]
    detail: Sequence[str] = ()

    @property
    def kept(self) -> bool:
        """Whether all promises are."""
        return all(line.kept for line in self.lines)


@dataclass(frozen=True)
class Scale:
    """How much is measured, at most: so many requests (what counts as one, the figure says) in so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Figure:
    """``measure`` starts all that it needs, measures at a scale, and leaves nothing behind."""

    name: str
    about: str
    usual: Scale
    measure: Callable[[Scale], Report]

    def main(self) -> None:
        """Be a command line; exit with 1 if a promise is broken."""
        parser = argparse.ArgumentParser(prog=f"python -m {_module()}", description=self.about)
        parser.add_argument("--requests", type=int, default=self.usual.requests, metavar="N")
        parser.add_argument("--seconds", type=float, default=self.usual.seconds, metavar="S")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        given = parser.parse_args()
        report, took = self.run(replace(self.usual, requests=given.requests, seconds=given.seconds))
        print(self.as_json(report, took) if given.json else self.as_table(report, took))
        sys.exit(0 if report.kept else 1)

    def run(self, scale: Scale) -> tuple[Report, float]:
        """Measure; the report, and the seconds that it took. SIGTERM ends it as Ctrl-C does, and cleans up."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        logging.getLogger("sluicegate").setLevel(logging.CRITICAL)
        started = time.monotonic()
        report = self.measure(scale)
        return report, time.monotonic() - started

    def as_json(self, report: Report, took: float) -> str:
        """One object: ``figure``, ``seconds``, ``kept``, ``lines`` and ``detail``."""
        lines = [asdict(line) for line in report.lines]
        told = {"figure": self.name, "seconds": round(took, 1), "kept": report.kept}
        return json.dumps(told | {"lines": lines, "detail": list(report.detail)}, indent=2)

    def as_table(self, report: Report, took: float) -> str:
        """Columns, broken promises marked."""
        rows = [("", "measured", "promised", ""), *(_cells(line) for line in report.lines)]
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([f"{self.name}: {self.about} ({took:.0f} s)", "", *table, "", *report.detail])


def _module() -> str:
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec else "benchmarks"


def _cells(line: Line) -> tuple[str, str, str, str]:
    return (line.what, line.measured, line.promised, "" if line.kept else "BROKEN")
