"""What a limit answers while the store does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.limits import Counter, OnStoreError
from gateway.problem import OutOfCapacity

T = TypeVar("T")
KEPT = 10_000
"""Counters that one worker remembers for itself."""


class Unanswered(OutOfCapacity):
    """The store was asked and has not answered: it may have counted, or not. It almost always has: what has arrived
    is done, also by a server that hung meanwhile."""


def without_store(counter: Counter, allow: T, local: Callable[[], T]) -> T:
    """What the counter's ``on_error`` says: raise `OutOfCapacity`, allow, or count locally."""
    if counter.on_error is OnStoreError.DENY:
        raise OutOfCapacity("The store of limits does not answer.")
    return allow if counter.on_error is OnStoreError.ALLOW else local()


def share(limit: int, workers: int) -> int:
    """One worker's part of a limit, at least one."""
    return max(limit // workers, 1)
