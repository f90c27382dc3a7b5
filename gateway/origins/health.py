"""How the origins are: a breaker for each, and what metrics show of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Self

from cachetools import LRUCache

from gateway.origins.breaker import Breaker, State
from gateway.origins.budget import Budget
from gateway.origins.failure import Reason
from gateway.origins.guard import Permit
from gateway.origins.url import MediaUrl
from gateway.problem import OriginUnreachable

MOST_ORIGINS = 4096
"""That are remembered; a wildcard may stand for any number."""


UNWELL = frozenset({502, 503, 504})
"""Statuses by which an origin says that it cannot answer now."""


class Trial:
    """One request to an origin: its ``failure``, or its answer; neither if it was given up, which tells nothing."""

    def __init__(self, breaker: Breaker, entry: str, failures: Counter[tuple[str, ...]]) -> None:
        self._breaker = breaker
        self._entry = entry
        self._failures = failures
        self._is_probe = False
        self.is_answered = False
        self.failure: Reason | None = None

    def answered(self, status: int) -> None:
        """The origin has answered."""
        self.is_answered = True
        self.failure = Reason.STATUS if status in UNWELL else None

    def __enter__(self) -> Self:
        """The request is made."""
        self._is_probe = self._breaker.begin()
        return self

    def __exit__(self, *_error: object) -> None:
        """Tell the breaker how it went."""
        if self.failure is not None:
            self._failures[self._entry, self.failure.value] += 1
            self._breaker.end(self.failure, is_probe=self._is_probe)
        elif self.is_answered:
            self._breaker.end(None, is_probe=self._is_probe)
        else:
            self._breaker.abandon(is_probe=self._is_probe)


class Health:
    """The breakers of all origins. ``clock`` gives seconds. ``failures`` are counted by entry of ``tiers.yaml`` and
    reason, ``fallbacks`` (answers that another origin gave) by entry: never by host, of which there may be any number.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._breakers: LRUCache[str, Breaker] = LRUCache(MOST_ORIGINS)
        self.budget = Budget(clock)
        self.failures: Counter[tuple[str, ...]] = Counter()
        self.fallbacks: Counter[tuple[str, ...]] = Counter()

    def admits(self, url: MediaUrl) -> bool:
        """Whether this URL's origin may be asked now."""
        breaker = self._breakers.get(url.origin)
        return breaker is None or breaker.admits

    def trying(self, url: MediaUrl, permit: Permit) -> Trial:
        """Tell in the block how the request went. Raise `OriginUnreachable` at once if its origin is left alone."""
        breaker = self._breaker(url.origin, permit.entry)
        if not breaker.admits:
            wait = max(round(breaker.seconds_left), 1)
            raise OriginUnreachable(f"The origin failed again and again, and is tried again in {wait} s.", wait)
        return Trial(breaker, permit.entry, self.failures)

    @property
    def states(self) -> Mapping[tuple[str, ...], int]:
        """The worst state among the origins of each entry."""
        worst: dict[tuple[str, ...], int] = {}
        for breaker in self._breakers.values():
            worst[breaker.entry,] = max(worst.get((breaker.entry,), State.CLOSED), breaker.state)
        return worst

    def _breaker(self, origin: str, entry: str) -> Breaker:
        breaker = self._breakers.get(origin)
        if breaker is None:
            breaker = self._breakers[origin] = Breaker(origin, self._clock)
        breaker.entry = entry
        return breaker
