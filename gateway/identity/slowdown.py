"""Failed authentications are answered slower and slower, per address; good ones never are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

FREE_FAILURES = 5
WINDOW_SECONDS = 60
LONGEST_SECONDS = 1.0
_FIRST_SECONDS = 0.1
_ADDRESSES = 10_000


class Slowdown:
    """Counts failures per address within a minute, for a bounded number of addresses; ``clock`` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str) -> float:
        """Count a failure; the seconds to wait before it is answered, 0 for the first few of a minute."""
        now = self._clock()
        began, count = self._failures.pop(address, (now, 0))
        if now - began > WINDOW_SECONDS:
            began, count = now, 0
        self._failures[address] = (began, count + 1)
        if len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)
        if count < FREE_FAILURES:
            return 0.0
        return min(_FIRST_SECONDS * 2.0 ** min(count - FREE_FAILURES, 10), LONGEST_SECONDS)
