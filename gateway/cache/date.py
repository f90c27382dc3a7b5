"""The dates of header fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"[a-z]{{3}}, (?P<day>[0-9]{{2}}) (?P<month>[a-z]{{3}}) (?P<year>[0-9]{{4}}) {_CLOCK} GMT",
        rf"[a-z]{{6,9}}, (?P<day>[0-9]{{2}})-(?P<month>[a-z]{{3}})-(?P<year>[0-9]{{2}}) {_CLOCK} GMT",
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[0-9]{{2}}| [0-9]) {_CLOCK} (?P<year>[0-9]{{4}})",
    )
)
"""IMF-fixdate, and the two that a recipient has to read still (RFC 9110, section 5.6.7)."""


def seconds_of(text: str) -> float | None:
    """The seconds of the epoch of an HTTP-date; None for what is none. Another zone than GMT makes it none, and letters
    are matched without case (RFC 9111, section 4.2)."""
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is None or found["month"].lower() not in _MONTHS:
        return None
    year, month, day = _year(found["year"]), _MONTHS.index(found["month"].lower()) + 1, int(found["day"])
    second = min(int(found["second"]), 59) if found["second"] == "60" else int(found["second"])  # a leap second
    try:
        return datetime(year, month, day, int(found["hour"]), int(found["minute"]), second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _year(digits: str) -> int:
    """Two digits are the year that is at most 50 years ahead."""
    if len(digits) == 4:
        return int(digits)
    now = datetime.now(UTC).year
    year = now - now % 100 + int(digits)
    return year - 100 if year > now + 50 else year
