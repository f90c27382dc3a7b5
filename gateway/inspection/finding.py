"""Something that is wrong with a presentation, told so that a person can mend it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.Enum):
    """An error breaks a rule that players rely on; a warning is what some of them choke on, or do not know to use."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is stable, for programs; ``where`` a line, an element or a track; ``instead`` what would be right."""

    severity: Severity
    code: str
    where: str
    what: str
    instead: str


def error(code: str, where: str, what: str, instead: str) -> Finding:
    """What breaks a rule."""
    return Finding(Severity.ERROR, code, where, what, instead)


def warning(code: str, where: str, what: str, instead: str) -> Finding:
    """What some players choke on."""
    return Finding(Severity.WARNING, code, where, what, instead)


def shown(text: str, most: int = 60) -> str:
    """A piece of what an origin wrote, short enough to stand in a sentence, its control characters made visible."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in cut)
