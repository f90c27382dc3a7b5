"""Limit how many session tokens of one key may be alive at once.

token_uses: 50
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gateway.policy import Call, Json, Positive, Purpose, QuotaExceeded, Seats

NAME = "token_uses"
MOST = 100_000


class TooManySessions(QuotaExceeded):
    """As many tokens of the key are alive as may be."""

    error = "Too many sessions"


@dataclass(frozen=True)
class TokenUses:
    """At most ``limit`` tokens that have not expired; a token cannot be given back."""

    limit: Positive

    def __post_init__(self) -> None:
        if self.limit > MOST:
            raise ValueError(f"{self.limit} tokens are more than can be remembered; the most is {MOST}")

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Count a token that is to be minted; raise `TooManySessions` if there are too many."""
        if call.purpose is not Purpose.SESSION:
            yield
            return
        seats, token = self._seats(call), secrets.token_urlsafe(12)
        seating = await call.store.seats.sit(seats, token)
        if not seating.seated:
            detail = f"{seating.taken} tokens of the key are alive; use one of them, or wait until one expires."
            told = {"limit": self.limit, "live": seating.taken}
            raise TooManySessions(call.identity.tier, NAME, seating.retry_after, detail, **told)
        async with AsyncExitStack() as refused:
            refused.push_async_callback(call.store.seats.leave, seats, token)
            yield
            refused.pop_all()  # it was minted

    def _seats(self, call: Call) -> Seats:
        return Seats(call.counter(NAME), self.limit, call.session_lifetime)

    def describe(self) -> Json:
        """Tokens."""
        return self.limit

    async def report(self, call: Call) -> Json:
        """Tokens, and how many are alive."""
        seen = await call.store.seats.peek(self._seats(call), "")
        return {"limit": self.limit, "live": seen.taken}

    def allows(self) -> dict[str, float]:
        """Tokens at once."""
        return {"tokens alive at once": self.limit}
