"""What a log of requests shows about a limit, and what other ways of counting would have admitted. Times in seconds or
microseconds alike, ascending; a window holds its later end and not its earlier one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence


def largest(admitted: Sequence[float], window: float) -> int:
    """The most that were admitted in any window."""
    first, most = 0, 0
    for last, time in enumerate(admitted):
        while admitted[first] <= time - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def refused_without_need(decisions: Iterable[tuple[float, bool]], limit: int, window: float) -> int:
    """Of decisions in their order, each a time and whether it admitted: how many refused although fewer than ``limit``
    had been admitted in the window that ended then."""
    admitted: list[float] = []
    needless = 0
    for time, was_admitted in decisions:
        if was_admitted:
            admitted.append(time)
        elif len(admitted) - bisect_right(admitted, time - window) < limit:
            needless += 1
    return needless


def surely_needless(
    refusals: Iterable[tuple[float, float]], admitted: Sequence[float], limit: int, window: float
) -> int:
    """Of refusals of which only (not before, not after) is known: how many were needless at any time between."""
    return sum(
        bisect_right(admitted, latest) - bisect_right(admitted, earliest - window) < limit
        for earliest, latest in refusals
    )


Rival = Callable[[Sequence[float], int, float], list[float]]
"""Arrivals, a limit and a window; gives the times that it admits."""


def fixed_windows(arrivals: Sequence[float], limit: int, window: float) -> list[float]:
    """A counter for each stretch of the clock."""
    counts: dict[float, int] = {}
    admitted = []
    for time in arrivals:
        stretch = time // window
        if counts.get(stretch, 0) < limit:
            counts[stretch] = counts.get(stretch, 0) + 1
            admitted.append(time)
    return admitted


def sliding_counter(arrivals: Sequence[float], limit: int, window: float) -> list[float]:
    """Two fixed windows, the older by the part of it that still counts."""
    counts: dict[float, int] = {}
    admitted = []
    for time in arrivals:
        stretch, into = divmod(time, window)
        weighed = counts.get(stretch, 0) + counts.get(stretch - 1, 0) * (1 - into / window)
        if weighed + 1 <= limit:
            counts[stretch] = counts.get(stretch, 0) + 1
            admitted.append(time)
    return admitted


def gcra(arrivals: Sequence[float], limit: int, window: float) -> list[float]:
    """A leaking bucket that holds ``limit`` (the generic cell rate algorithm)."""
    interval, due = window / limit, 0.0
    admitted = []
    for time in arrivals:
        if due - time <= window - interval:
            due = max(due, time) + interval
            admitted.append(time)
    return admitted


RIVALS: dict[str, Rival] = {"fixed windows": fixed_windows, "GCRA": gcra, "sliding counter": sliding_counter}
