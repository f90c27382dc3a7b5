"""Denials, remembered for a while: a key that floods costs Redis one call, not one for each request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cachetools import LRUCache

from gateway.limits import Counter, Decision
from gateway.store.outage import KEPT
from gateway.units import Rate

_RESOLUTION = 1e-6
"""Seconds: that of the store's clock. A denial is forgotten this much early rather than held by a rounding too long."""

LONGEST = 10.0
"""Seconds: then the store is asked again. Its operator may have deleted the counter to let somebody in, or it may have
begun anew, empty, without any call to see it fail; a window can be a year."""

Asked = tuple[Counter, tuple[Rate, ...], int]
"""A counter, its windows and the request's cost: a denial is one of exactly these, so that a changed limit is asked
anew."""


class Denials:
    """Remembers denials; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: LRUCache[Asked, tuple[float, Decision]] = LRUCache(KEPT)

    def get(self, asked: Asked) -> Decision | None:
        """The denial that still holds, told as of now, or None."""
        kept = self._kept.get(asked)
        if kept is None:
            return None
        at, denial = kept
        gone = self._clock() - at
        if gone >= min(denial.retry_after - _RESOLUTION, LONGEST):
            del self._kept[asked]
            return None
        return _aged(denial, gone)

    def remember(self, asked: Asked, denial: Decision, at: float) -> None:
        """Keep a denial that was asked for at ``at``: before it was decided, so that it never holds too long."""
        self._kept[asked] = (at, denial)

    def forget(self) -> None:
        """Keep nothing: the store may have lost what the denials were made of."""
        self._kept.clear()


def _aged(denial: Decision, gone: float) -> Decision:
    windows = (
        replace(it, reset=max(it.reset - gone, 0.0), retry_after=max(it.retry_after - gone, 0.0))
        for it in denial.windows
    )
    return Decision(denial.admitted, tuple(windows))
