"""Lengths of time as DASH writes them (xs:duration; XML Schema, part 2, section 3.2.6)."""

from __future__ import annotations

import re

_LONGEST = 100  # characters
_DURATION = re.compile(
    r"(?P<minus>-?)P(?:(?P<Y>\d{1,9})Y)?(?:(?P<Mo>\d{1,9})M)?(?:(?P<D>\d{1,9})D)?"
    r"(?:T(?:(?P<H>\d{1,9})H)?(?:(?P<M>\d{1,12})M)?(?:(?P<S>\d{1,15}(?:\.\d{0,20})?)S)?)?",
    re.ASCII,
)
_UNITS = {"Y": 365 * 86400.0, "Mo": 30 * 86400.0, "D": 86400.0, "H": 3600.0, "M": 60.0, "S": 1.0}


def seconds(text: str) -> float | None:
    """A duration in seconds, a year as 365 days and a month as 30, as Shaka and dash.js have them; None for anything
    else."""
    text = text.strip()
    found = _DURATION.fullmatch(text[:_LONGEST])
    if found is None or text.endswith(("P", "T")):
        return None
    total = sum(float(found[unit]) * length for unit, length in _UNITS.items() if found[unit])
    return -total if found["minus"] else total
