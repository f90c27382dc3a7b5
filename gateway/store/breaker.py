"""A circuit breaker: while the store is down, nobody waits to be told so again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gateway.problem import OutOfCapacity

_log = logging.getLogger("sluicegate.store")
FAILURES = 3
PAUSE_SECONDS = 1.0


class Breaker:
    """Opens after `FAILURES` failed calls in a row; then lets one call through every `PAUSE_SECONDS`, and closes when
    one succeeds. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._tried = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused."""
        return self._failures >= FAILURES

    def require_closed(self) -> None:
        """Return if a call may be made now; raise `OutOfCapacity` if not."""
        now = self._clock()
        if self.is_open and now - self._tried < PAUSE_SECONDS:
            raise OutOfCapacity("The store of limits does not answer.")
        self._tried = now

    def failed(self, error: Exception) -> None:
        """A call has failed; the one that opens the breaker is logged with its cause."""
        self._failures += 1
        if self._failures == FAILURES:
            _log.error("the store does not answer: %s: %s", type(error).__name__, error)

    def succeeded(self) -> None:
        """A call has succeeded."""
        if self.is_open:
            _log.info("the store answers again")
        self._failures = 0
