"""A circuit breaker: while a server of the store is down, nobody waits to be told so again."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from gateway.problem import OutOfCapacity

_log = logging.getLogger("sluicegate.store")
FAILURES = 3
PAUSE_SECONDS = 1.0
COMPLAINT_SECONDS = 60.0
"""Between two log lines about the same trouble."""

_FORGOTTEN_SECONDS = 60.0
"""Since anybody has met an outage: its server may have left the cluster, or nobody needs it."""


class Complaint:
    """Whether to say again what was said before; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = -math.inf

    def is_due(self) -> bool:
        """Once in `COMPLAINT_SECONDS`."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + COMPLAINT_SECONDS
        return True


class Breaker:
    """Opens after `FAILURES` failed calls in a row; then lets one call through every `PAUSE_SECONDS`, and closes when
    one succeeds. ``clock`` gives seconds; ``server`` is a name for the log, empty if there is only one."""

    def __init__(self, clock: Callable[[], float], server: str = "") -> None:
        self._clock = clock
        self._named = f" at {server}" if server else ""
        self._failures = 0
        self._tried = 0.0
        self._complaint = Complaint(clock)

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
        """A call has failed; the one that opens the breaker is logged with its cause, and now and then one that does
        not: no limit goes by its ``on_store_error`` in silence."""
        self._failures += 1
        if self._failures < FAILURES and self._complaint.is_due():
            _log.warning("a call to the store%s failed: %s: %s", self._named, type(error).__name__, error)
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
        self._complaint = Complaint(clock)

    @property
    def is_open(self) -> bool:
        """Whether calls to any server are being refused."""
        return any(breaker.is_met for breaker in self._by_server.values())

    def refused(self, key: str, why: str) -> None:
        """A server answers, and cannot count under one key, which holds what is none of ours."""
        if self._complaint.is_due():
            told = "the store cannot count under %s: %s; delete what lies there, and it begins anew"
            _log.error(told, key, why)

    def of(self, server: str) -> Breaker:
        """The breaker of one server; all that hold counters may come and go."""
        if server not in self._by_server:
            self._by_server[server] = Breaker(self._clock, server)
        return self._by_server[server]
