"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """``5 min``: in the largest unit of which there are two."""
    size = abs(seconds)
    return next((f"{round(size / unit)} {name}" for unit, name in _UNITS if size >= 2 * unit), f"{size:.0f} s")


def moment(then: float) -> str:
    """``2026-11-24 10:00:00Z``, of seconds since the epoch."""
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def ago(then: float, now: float) -> str:
    """``5 min ago, at 2026-11-24 10:00:00Z``."""
    return f"{span(now - then)} ago, at {moment(then)}"


def ahead(then: float, now: float) -> str:
    """``5 min from now, at 2026-11-24 10:00:00Z``."""
    return f"{span(then - now)} from now, at {moment(then)}"
