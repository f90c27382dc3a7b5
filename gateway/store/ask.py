"""What the store is asked: one verb of the script, with its keys and arguments."""

from __future__ import annotations

from typing import NamedTuple

from gateway.limits import Counter

MICROSECONDS = 1_000_000
"""In a second; the store counts time in them."""

_LONGEST = 100 * 366 * 86400
"""Seconds: what is longer is as good as for ever, and its end would be past 2**53 microseconds, where the numbers of
Lua and of sorted sets become coarse."""


Argument = str | int | tuple["Argument", ...]


class Ask(NamedTuple):
    """One verb for what lies under one counter; it is answered by ``tells`` whole numbers."""

    verb: str
    counter_id: str
    keys: tuple[str, ...]
    arguments: tuple[Argument, ...]
    tells: int


def prefix(counter_id: str) -> str:
    """What the keys of a counter begin with.

    The braces keep all keys of one counter on one server of a cluster, and spread the counters.
    """
    return f"sg:{{{counter_id}}}:"


def key(counter: Counter, *more: str) -> str:
    """Where a policy's counts of one counter lie; each verb adds words of its own, so that a policy can use several."""
    return ":".join((prefix(counter.counter_id) + counter.policy, *more))


def microseconds(seconds: int) -> int:
    """A duration as the store counts it, a hundred years at most."""
    return min(seconds, _LONGEST) * MICROSECONDS
