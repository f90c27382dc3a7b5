"""What commands print for people: aligned, and coloured on a terminal unless NO_COLOR says otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence

import click

from gateway.policy import Json


def good(text: str) -> str:
    """What is admitted, or gained."""
    return click.style(text, fg="green")


def bad(text: str) -> str:
    """What is refused, or lost."""
    return click.style(text, fg="red", bold=True)


def odd(text: str) -> str:
    """What is to be looked at, and is neither."""
    return click.style(text, fg="yellow")


def dim(text: str) -> str:
    """What matters less."""
    return click.style(text, dim=True)


def strong(text: str) -> str:
    """A heading."""
    return click.style(text, bold=True)


def show(lines: Iterable[str], *, on_errors: bool = False) -> None:
    """Print lines; their colours only where a terminal reads them (https://no-color.org)."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    for line in lines:
        click.echo(line, err=on_errors, color=False if plain else None)


def show_json(told: Json) -> None:
    """Print a value for machines."""
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def aligned(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Rows of cells in columns as wide as their widest cell; the last that is not empty is left as it is."""
    rows = [row[: max((at for at, cell in enumerate(row, 1) if _width(cell)), default=0)] for row in rows]
    columns = max((len(row) for row in rows), default=0)
    widths = [max(_width(row[at]) for row in rows if at < len(row)) for at in range(columns)]
    return [
        (indent + "  ".join(cell + " " * (widths[at] - _width(cell)) for at, cell in enumerate(row))).rstrip()
        for row in rows
    ]


def _width(cell: str) -> int:
    """Columns of the terminal, without the colours."""
    return len(click.unstyle(cell))
