"""Limit how many requests one key may make in any window, wherever they come from.

    rate_limit: 10/60s
    rate_limit: [10/1s, 1000/60s]
    rate_limit: {limit: 10, window: 60s}
    rate_limit: {rates: [10/1s, 1000/60s], cost: {auth: 5}}

Only direct use of the key counts: requests with a session token or a grant pass freely.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from gateway.policy import (
    Call,
    Credential,
    Decision,
    Json,
    LimitReached,
    Positive,
    Quota,
    Rate,
    Route,
    Seconds,
    Standing,
    written,
)

NAME = "rate_limit"
MOST = 1_000_000
"""Requests of one key in one window; the time of each is kept, in about ten bytes."""

LONGEST = Seconds(365 * 86400)
HEAVIEST = 1000
"""What one request can weigh."""


@dataclass(frozen=True)
class RateLimit:
    """Never more than ``limit`` requests in any ``window`` seconds, for each of the ``rates``: a request counts in all
    of them or, if one is full, in none. It weighs 1, or what ``cost`` says of its route."""

    rates: tuple[Rate, ...] = ()
    limit: Positive | None = None
    window: Seconds | None = None
    cost: Mapping[Route, Positive] = field(default_factory=dict)
    _windows: tuple[Rate, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_windows", self._all())
        lowest, highest = (pick(rate.limit for rate in self._windows) for pick in (min, max))
        if highest > MOST:
            raise ValueError(f"{highest} requests are more than can be remembered; the most is {MOST}")
        if (longest := max(rate.window for rate in self._windows)) > LONGEST:
            raise ValueError(f"a window of {written(longest)} is longer than can be remembered; the longest is 365d")
        if len({rate.window for rate in self._windows}) < len(self._windows):
            raise ValueError("two rates have windows of the same length; keep the lower one")
        for route, cost in self.cost.items():
            if cost > min(lowest, HEAVIEST):
                right = f"the most is {min(lowest, HEAVIEST)}"
                raise ValueError(f"a request to {route} costs {cost}, more than would ever be admitted; {right}")

    def _all(self) -> tuple[Rate, ...]:
        if self.rates and self.limit is None and self.window is None:
            return self.rates
        if self.rates:
            raise ValueError("there are rates, and a limit or a window beside them; keep the rates alone")
        missing = [name for name in ("limit", "window") if getattr(self, name) is None]
        if missing or self.limit is None or self.window is None:
            raise ValueError(f"the field {missing[0]} is missing; write limit and window, or rates: [10/1s, 1000/60s]")
        return (Rate(self.limit, self.window),)

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Count the request if it shows a key; raise `LimitReached` when a window is full."""
        if call.identity.credential is Credential.KEY:
            await self._count(call)
        yield

    async def _count(self, call: Call) -> None:
        taken = await call.store.requests.take(call.counter(NAME), self._windows, self._cost(call.route))
        quotas = self._quotas(taken)
        call.quotas.extend(quotas)
        if not taken.admitted:
            full = max(range(len(quotas)), key=lambda at: taken.windows[at].retry_after)
            raise LimitReached(call.identity.tier, quotas[full], taken.retry_after)

    def _cost(self, route: str) -> int:
        return next((cost for named, cost in self.cost.items() if named == route), 1)

    def _quotas(self, decision: Decision) -> list[Quota]:
        return [self._quota(rate, it) for rate, it in zip(self._windows, decision.windows, strict=True)]

    def _quota(self, rate: Rate, standing: Standing) -> Quota:
        # A name stands for one window (draft-ietf-httpapi-ratelimit-headers-11, section 3.1).
        name = NAME if len(self._windows) == 1 else f"{NAME}-{written(rate.window)}"
        return Quota(name, rate.limit, rate.window, standing.remaining, math.ceil(standing.reset))

    def describe(self) -> Json:
        """Each limit and its window in seconds, and what weighs more than 1."""
        return self._told([{"limit": rate.limit, "window": rate.window} for rate in self._windows])

    async def report(self, call: Call) -> Json:
        """The limits, and how much of each the key has left now."""
        seen = await call.store.requests.peek(call.counter(NAME), self._windows, 1)
        return self._told(
            [
                {"limit": it.limit, "window": it.window, "remaining": it.remaining, "reset": it.reset}
                for it in self._quotas(seen)
            ]
        )

    def _told(self, windows: list[dict[str, Json]]) -> Json:
        """One window by itself; several as a list."""
        told: dict[str, Json] = dict(windows[0]) if len(windows) == 1 else {"windows": windows}
        if heavy := self._heavy():
            told["cost"] = {str(route): cost for route, cost in heavy.items()}
        return told

    def _heavy(self) -> Mapping[Route, Positive]:
        """The routes that weigh more than 1."""
        return {route: cost for route, cost in self.cost.items() if cost > 1}

    def allows(self) -> dict[str, float]:
        """Requests in each window, and how many there can be to each route that weighs more."""
        told: dict[str, float] = {f"requests in {written(rate.window)}": rate.limit for rate in self._windows}
        for route, cost in self._heavy().items():
            told |= {f"requests to {route} in {written(rate.window)}": rate.limit // cost for rate in self._windows}
        return told
