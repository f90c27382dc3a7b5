"""What commands print for people: aligned, and coloured on a terminal unless NO_COLOR says otherwise."""

from __future__ import annotations

import json
import os
import shutil
import sys
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


def columns() -> int:
    """How wide the terminal is that reads it; 0 if none does, so that a pipe gets each line whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def broken(text: str, hang: int, first: int | None = None) -> str:
    """Text over as many lines as the terminal needs, broken between words: the first begins at column ``first``, the
    others at ``hang``. It stays one line where no terminal reads it, or too little room would be left."""
    room = columns() - hang
    if room < _LEAST_ROOM:
        return text
    lines, at = [""], hang if first is None else first
    for word in text.split(" "):
        if lines[-1] and at + 1 + _width(word) > columns():
            lines.append("")
            at = hang
        gap = " " if lines[-1] else ""
        lines[-1] += gap + word
        at += len(gap) + _width(word)
    return ("\n" + " " * hang).join(lines)


_LEAST_ROOM = 30
"""Columns that a broken text is to have; a terminal that is narrower breaks lines itself."""


def aligned(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Rows of cells in columns as wide as their widest cell; the last that is not empty is broken as `broken` does."""
    rows = [row[: max((at for at, cell in enumerate(row, 1) if _width(cell)), default=0)] for row in rows]
    most = max((len(row) for row in rows), default=0)
    widths = [max(_width(row[at]) for row in rows if at < len(row)) for at in range(most)]
    return [_line(row, widths, indent).rstrip() for row in rows]


def _line(row: Sequence[str], widths: Sequence[int], indent: str) -> str:
    before = indent + "".join(cell + " " * (widths[at] - _width(cell) + 2) for at, cell in enumerate(row[:-1]))
    return before + broken(row[-1], _width(before)) if row else ""


def _width(cell: str) -> int:
    """Columns of the terminal, without the colours."""
    return len(click.unstyle(cell))
