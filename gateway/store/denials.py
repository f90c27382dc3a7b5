"""Denials, remembered until they end: a key that floods costs Redis one call, not one for each request."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from gateway.policy import Decision, Window

KEPT = 10_000
_RESOLUTION = 1e-6
"""Seconds: that of the store's clock. A denial is forgotten this much early rather than held by a rounding too long."""


class Denials:
    """Remembers denials by window and limit, so that a changed limit is asked anew; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[Window, tuple[float, Decision]] = OrderedDict()

    def get(self, window: Window) -> Decision | None:
        """The denial that still holds, told as of now, or None."""
        kept = self._kept.get(window)
        if kept is None:
            return None
        asked, denial = kept
        gone = self._clock() - asked
        if gone >= denial.retry_after - _RESOLUTION:
            del self._kept[window]
            return None
        return replace(denial, reset=max(denial.reset - gone, 0.0), retry_after=denial.retry_after - gone)

    def remember(self, window: Window, denial: Decision, asked: float) -> None:
        """Keep a denial that was asked for at ``asked``: before it was decided, so that it never holds too long."""
        self._kept[window] = (asked, denial)
        self._kept.move_to_end(window)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Keep nothing: the store may have lost what the denials were made of."""
        self._kept.clear()
