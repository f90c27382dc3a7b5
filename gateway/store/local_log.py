"""The sliding log inside one worker, for while the store does not answer."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from gateway.policy import Decision, Window

KEPT = 10_000


class LocalLog:
    """Counts by the worker's share of each limit, at least one; ``clock`` gives seconds."""

    def __init__(self, workers: int, clock: Callable[[], float]) -> None:
        self._workers = workers
        self._clock = clock
        self._logs: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def take(self, window: Window) -> Decision:
        """Count one request; a denial is not counted."""
        now, limit = self._clock(), max(window.limit // self._workers, 1)
        log = self._log(window)
        while log and log[0] <= now - window.seconds:
            log.popleft()
        room_in = log[len(log) - limit] + window.seconds - now if len(log) >= limit else 0.0
        if not room_in:
            log.append(now)
        reset = log[0] + window.seconds - now
        return Decision(admitted=not room_in, remaining=max(limit - len(log), 0), reset=reset, retry_after=room_in)

    def _log(self, window: Window) -> deque[float]:
        key = (window.counter_id, window.policy)
        log = self._logs.setdefault(key, deque())
        self._logs.move_to_end(key)
        if len(self._logs) > KEPT:
            self._logs.popitem(last=False)
        return log
