"""A circuit breaker: while a server of the store is down, nobody waits to be told so again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gateway.problem import OutOfCapacity

_log = logging.getLogger("sluicegate.store")
FAILURES = 3
PAUSE_SECONDS = 1.0

_FORGOTTEN_SECONDS = 60.0
"""Since anybody has met an outage: its server may have left the cluster, or nobody needs it."""


class Breaker:
    """Opens after `FAILURES` failed calls in a row; then lets one call through every `PAUSE_SECONDS`, and closes when
    one succeeds. ``clock`` gives seconds; ``server`` is a name for the log, empty if there is only one."""

    def __init__(self, clock: Callable[[], float], server: str = "") -> None:
        self._clock = clock
        self._named = f" at {server}" if server else ""
        self._failures = 0
        self._tried = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused."""
        return self._failures >= FAILURES

    @property
    def is_met(self) -> bool:
        """Whether calls are being refused, and there were some lately."""
        return self.is_open and self._clock() - self._tried < _FORGOTTEN_SECONDS

    def require_closed(self) -> bool:
        """Return if a call may be made now, with whether it is the one that tries an open breaker; raise
        `OutOfCapacity` if not."""
        now = self._clock()
        if self.is_open and now - self._tried < PAUSE_SECONDS:
            raise OutOfCapacity("The store of limits does not answer.")
        self._tried = now
        return self.is_open

    def failed(self, error: Exception) -> None:
        """A call has failed; the one that opens the breaker is logged with its cause."""
        self._failures += 1
        if self._failures == FAILURES:
            _log.error("the store%s does not answer: %s: %s", self._named, type(error).__name__, error)

    def succeeded(self) -> None:
        """A call has succeeded."""
        if self.is_open:
            _log.info("the store%s answers again", self._named)
        self._failures = 0


class Breakers:
    """One breaker for each server of a cluster.

    One for all would never open while only one server is down, since calls to the others succeed in between, and every
    request to the dead one would wait; or it would open, and shut out the others.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_server: dict[str, Breaker] = {}

    @property
    def is_open(self) -> bool:
        """Whether calls to any server are being refused."""
        return any(breaker.is_met for breaker in self._by_server.values())

    def of(self, server: str) -> Breaker:
        """The breaker of one server; all that hold counters may come and go."""
        if server not in self._by_server:
            self._by_server[server] = Breaker(self._clock, server)
        return self._by_server[server]
