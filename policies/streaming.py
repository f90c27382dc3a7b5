"""Say whether a tier may use the stream proxy at all, by key, session token or grant.

streaming: true
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from gateway.policy import AccessDenied, Call, Json, Purpose


@dataclass(frozen=True)
class Streaming:
    """Whether requests for media are admitted."""

    allowed: bool

    @classmethod
    def omitted(cls) -> Self:
        """A tier that does not say so does not stream."""
        return cls(allowed=False)

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Refuse requests for media unless the tier streams."""
        if call.purpose is Purpose.MEDIA and not self.allowed:
            raise AccessDenied(f"The tier {call.identity.tier} cannot stream media.")
        yield

    def describe(self) -> Json:
        """Whether the tier streams."""
        return self.allowed
