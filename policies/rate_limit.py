"""Limit how many requests one key may make in any window, wherever they come from.

    rate_limit: 10/60s
    rate_limit: {limit: 10, window: 60s}

Only direct use of the key counts: requests with a session token or a grant pass freely.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from gateway.policy import (
    Call,
    Credential,
    Decision,
    Json,
    LimitReached,
    Positive,
    Quota,
    Seconds,
    Window,
    duration,
)

NAME = "rate_limit"
MOST = 1_000_000
"""Requests of one key in one window; the time of each is kept, in about ten bytes."""


@dataclass(frozen=True)
class RateLimit:
    """Never more than ``limit`` requests in any ``window`` seconds."""

    limit: Positive
    window: Seconds

    def __post_init__(self) -> None:
        if self.limit > MOST:
            raise ValueError(f"{self.limit} requests are more than can be remembered; the most is {MOST}")

    @classmethod
    def short(cls, value: str) -> Self:
        """Read ``10/60s``."""
        limit, slash, window = value.partition("/")
        if not slash or not (limit.isascii() and limit.isdigit()) or limit.startswith("0"):
            raise ValueError(f"{value!r} is not a rate; write requests per window, such as 10/60s")
        return cls(Positive(int(limit)), duration(window))

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Count the request if it shows a key; raise `LimitReached` when the window is full."""
        if call.identity.credential is Credential.KEY:
            await self._count(call)
        yield

    async def _count(self, call: Call) -> None:
        taken = await call.store.take(self._window(call), call.on_store_error)
        quota = self._quota(taken)
        call.quotas.append(quota)
        if not taken.admitted:
            raise LimitReached(call.identity.tier, quota, taken.retry_after)

    def _window(self, call: Call) -> Window:
        return Window(call.identity.counter_id, NAME, self.limit, self.window)

    def _quota(self, decision: Decision) -> Quota:
        reset = math.ceil(decision.reset)
        return Quota(NAME, self.limit, self.window, decision.remaining, reset)

    def describe(self) -> Json:
        """The limit and its window in seconds."""
        return {"limit": self.limit, "window": self.window}

    async def report(self, call: Call) -> Json:
        """The limit, and how much of it the key has left now."""
        seen = await call.store.peek(self._window(call))
        quota = self._quota(seen)
        return {
            "limit": self.limit,
            "window": self.window,
            "remaining": quota.remaining,
            "reset": quota.reset,
        }
