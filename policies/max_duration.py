"""Limit how long one may view: a viewing session from its first media on, or one response to a key.

max_duration: 2h
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.policy import AccessDenied, Call, Json, Meter, Purpose, Seconds, written

NAME = "max_duration"
LONGEST = Seconds(365 * 86400)


@dataclass(frozen=True)
class MaxDuration:
    """At most ``limit`` from the first request for media of a session (a token and all grants that came of it) to the
    last; what is being sent then is cut. What a key views itself is no session that ends: each response may take so
    long."""

    limit: Seconds

    def __post_init__(self) -> None:
        if self.limit > LONGEST:
            raise ValueError(f"{written(self.limit)} of viewing are more than can be remembered; the most is 365d")

    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Refuse a session that is over, and end it while it runs."""
        if call.purpose is not Purpose.MEDIA:
            yield None
            return
        end = call.clock() + self.limit - await self._age(call)

        async def within_time(_size: int, /) -> None:
            if call.clock() >= end:
                raise self._over(call)

        await within_time(0)
        yield within_time

    async def _age(self, call: Call) -> float:
        """Seconds since the session began."""
        if not call.identity.session_ends:
            return 0.0
        # A live manifest's grants are renewed until the session is over; the last of them hold for as long again.
        keep = self.limit + call.longest_session
        return await call.store.beginnings.age(call.counter(NAME), call.identity.session_id, keep)

    def _over(self, call: Call) -> AccessDenied:
        return AccessDenied(f"The tier {call.identity.tier} views for {written(self.limit)} at most; this is over.")

    def describe(self) -> Json:
        """Seconds."""
        return self.limit

    def allows(self) -> dict[str, float]:
        """Seconds."""
        return {"seconds of viewing": self.limit}
