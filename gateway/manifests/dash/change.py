"""What is changed in a manifest; every other byte stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes ``start`` to ``end`` of the manifest, and what takes their place."""

    start: int
    end: int
    replacement: bytes


def replaced(text: bytes, changes: Iterable[Change]) -> bytes:
    """The text with the changes made."""
    parts, done = [], 0
    for change in sorted(changes, key=lambda change: change.start):
        parts += [text[done : change.start], change.replacement]
        done = change.end
    return b"".join([*parts, text[done:]])
