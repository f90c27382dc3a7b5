"""A circuit breaker: an origin that fails again and again is left alone for a while, and then tried by one request."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable

from gateway.origins.failure import Reason

FAILURES = 5
"""In a row, after which an origin is left alone."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds; each pause is twice the last."""

FORGOTTEN = 300.0
"""Seconds after which the trouble of an origin that nobody asks for is no news."""

_log = logging.getLogger("sluicegate.origin")


class State(enum.IntEnum):
    """What a breaker does with requests, as metrics show it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Whether one ``origin`` is asked. ``clock`` gives seconds; ``entry`` is what ``tiers.yaml`` has for the origin."""

    def __init__(self, origin: str, clock: Callable[[], float]) -> None:
        self.entry = ""
        self._origin = origin
        self._clock = clock
        self._failures = 0
        self._opened = 0.0
        self._pause = 0.0
        self._until = 0.0
        self._is_probed = False

    @property
    def state(self) -> State:
        """Closed; open; or half open, which is when one request may find out."""
        if not self._pause or self._is_forgotten:
            return State.CLOSED
        return State.OPEN if self._clock() < self._until else State.HALF_OPEN

    @property
    def admits(self) -> bool:
        """Whether a request may be made now."""
        return not self._pause or (not self._is_probed and self._clock() >= self._until)

    @property
    def seconds_left(self) -> float:
        """Until the origin is tried again; 0 where that is now, or being done."""
        return max(self._until - self._clock(), 0.0)

    def begin(self) -> bool:
        """A request is made that was admitted; returns whether it is the probe of an open breaker."""
        if self._pause and self._is_forgotten:
            _log.info("origin %s is asked as usual: its trouble is forgotten", self._origin)
            self._failures = 0
            self._pause = 0.0
        self._is_probed = bool(self._pause)
        return self._is_probed

    def end(self, failure: Reason | None, *, is_probe: bool) -> None:
        """It has an answer, or failed. Of an open breaker only the probe's end counts: the others began before."""
        if is_probe:
            self._is_probed = False
            self._close() if failure is None else self._open(failure)
        elif self._pause:
            return
        elif failure is None:
            self._failures = 0
        else:
            self._failures += 1
            if self._failures >= FAILURES:
                self._open(failure)

    def abandon(self, *, is_probe: bool) -> None:
        """It was given up, which says nothing of the origin: another may be the probe."""
        if is_probe:
            self._is_probed = False

    @property
    def _is_forgotten(self) -> bool:
        return not self._is_probed and self._clock() - self._until > FORGOTTEN

    def _open(self, why: Reason) -> None:
        now = self._clock()
        if not self._pause:
            self._opened = now
            told = "origin %s is left alone after %d failures in a row, for %d s at first, the last: %s; check %s"
            _log.error(told, self._origin, self._failures, FIRST_PAUSE, why.value, why.check)
        self._pause = min(self._pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        self._until = now + self._pause

    def _close(self) -> None:
        _log.info("origin %s answers again, after %d s", self._origin, self._clock() - self._opened)
        self._failures = 0
        self._pause = 0.0
