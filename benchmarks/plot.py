"""A plot of a figure, as an SVG drawn by hand: bars beside each other on a scale of powers of ten."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

WIDTH, HEIGHT = 760, 320
TOP, BOTTOM = 72, 40
"""Of a panel, for its title and the names of its bars."""

BAR, GAP = 54, 22
OURS = "sluicegate"
COLOURS = {True: "#0b7285", False: "#adb5bd"}
"""Ours, and the others'; readable on white and on black."""

_STYLE = "text{font:13px system-ui,sans-serif;fill:#495057}.title{font-weight:600;font-size:14px}.small{font-size:11px}"


@dataclass(frozen=True)
class Panel:
    """One measure: bars by name; ``better`` says which of them are."""

    title: str
    better: str
    bars: Mapping[str, float]

    def decades(self) -> tuple[int, int]:
        """The powers of ten between which all bars end."""
        values = [value for value in self.bars.values() if value > 0] or [1.0]
        low = math.floor(math.log10(min(values)) - 0.01)
        return low, max(math.ceil(math.log10(max(values))), low + 1)


def throughput(told: Mapping[str, Any]) -> str:
    """The figure of that name: processor seconds for a gigabyte, and requests a second, of each relay."""
    lines = told["lines"]
    return svg(
        [
            Panel("Processor seconds a GB, 2 MB segments", "less", _bars(lines, "2 MB: processor seconds a GB, ")),
            Panel("Requests a second, 64 KB objects", "more", _bars(lines, "64 KB: requests/s, ")),
        ]
    )


def _bars(lines: Sequence[Mapping[str, Any]], prefix: str) -> dict[str, float]:
    found = ((line["what"], re.match(r"[0-9.,]+", line["measured"])) for line in lines)
    return {
        what.removeprefix(prefix): float(number[0].replace(",", ""))
        for what, number in found
        if what.startswith(prefix) and number
    }


def svg(panels: Sequence[Panel]) -> str:
    """The panels side by side, each on a scale of its own."""
    wide = WIDTH / len(panels)
    drawn = "\n".join(part for at, panel in enumerate(panels) for part in _panel(panel, at * wide, wide))
    names = "; ".join(panel.title for panel in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(names)}</title>\n<style>{_STYLE}</style>\n{drawn}\n</svg>\n"
    )


def _panel(panel: Panel, left: float, wide: float) -> Iterator[str]:
    low, high = panel.decades()
    room = HEIGHT - TOP - BOTTOM

    def height(value: float) -> float:
        return (math.log10(value) - low) / (high - low) * room

    yield _text(left + 10, 20, panel.title, "title")
    yield _text(left + 10, 36, f"{panel.better} is better; each line is ten times the one below", "small")
    for power in range(low, high + 1):
        y = HEIGHT - BOTTOM - height(10.0**power)
        yield f'<path d="M{left + 46:.0f} {y:.1f}H{left + wide - 10:.0f}" stroke="#ced4da" stroke-width="0.5"/>'
        yield _text(left + 40, y + 4, f"{10.0**power:,g}", "small", "end")
    x = left + 56
    for name, value in panel.bars.items():
        tall, ours = height(value) if value > 0 else 0.0, name == OURS
        y = HEIGHT - BOTTOM - tall
        yield f'<rect x="{x:.0f}" y="{y:.1f}" width="{BAR}" height="{tall:.1f}" fill="{COLOURS[ours]}"/>'
        yield _text(x + BAR / 2, y - 5, f"{value:,.0f}" if value >= 20 else f"{value:.2f}", "", "middle")
        yield _text(x + BAR / 2, HEIGHT - BOTTOM + 18, name, "", "middle")
        x += BAR + GAP


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
