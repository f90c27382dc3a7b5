"""How often a request may be tried again, so that an outage is not made twice as heavy by those who try twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

SECONDS = 10
SHARE = 0.2
FEW = 5
"""Retries that are always had, however few requests there are."""


class Budget:
    """Retries are at most `SHARE` of the requests of the last `SECONDS`, and `FEW`. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds: deque[list[int]] = deque()  # when, requests, retries

    def request(self) -> None:
        """There is one more request."""
        self._now()[1] += 1

    def allows_retry(self) -> bool:
        """Whether one may be tried again; if so, it is counted."""
        now = self._now()
        requests, retries = (sum(second[column] for second in self._seconds) for column in (1, 2))
        if retries >= FEW + SHARE * requests:
            return False
        now[2] += 1
        return True

    def _now(self) -> list[int]:
        now = int(self._clock())
        if not self._seconds or self._seconds[-1][0] != now:
            self._seconds.append([now, 0, 0])
            while self._seconds[0][0] <= now - SECONDS:
                self._seconds.popleft()
        return self._seconds[-1]
