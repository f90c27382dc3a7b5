"""How much a diagnosis may cost the origins that it asks, and whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_REQUESTS = 60
MOST_SECONDS = 60
TOO_LONG = f"it took more than {MOST_SECONDS} s"


class Spent(Exception):  # noqa: N818 - it is an outcome, and told as one
    """There may be no more requests, or no more time; the message says which."""


@dataclass
class Budget:
    """Counts requests and time from when it is made. ``clock`` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    requests: int = 0
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return self.clock() - self._began

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return MOST_SECONDS - self.seconds

    def spend(self) -> None:
        """One more request; raise `Spent` if it is one too many, or too late."""
        if self.requests >= MOST_REQUESTS:
            raise Spent(f"{MOST_REQUESTS} requests were made, and there are no more")
        if self.left <= 0:
            raise Spent(TOO_LONG)
        self.requests += 1
