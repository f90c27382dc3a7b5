"""Say which web pages may use the tier's tokens and grants.

cors_origins: [https://www.example.com, "https://*.example.com"]
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.policy import AccessDenied, Call, Credential, Json, WebOrigin

ASKED = ("Origin", "Referer", "Sec-Fetch-Site")
"""The header fields that tell a page."""


@dataclass(frozen=True)
class CorsOrigins:
    """Refuses requests by token or grant that a browser makes for a page of another web origin (RFC 6454). A player
    that is no browser names no page, and is not refused; nor can it be known what is forged with other tools."""

    origins: tuple[WebOrigin, ...]

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Compare the page's origin with those that may."""
        if call.identity.credential is not Credential.KEY:
            call.varies.extend(ASKED)
            if call.page and not any(pattern.matches(call.page) for pattern in self.origins):
                raise AccessDenied(f"Pages of {call.page} cannot use tokens of the tier {call.identity.tier}.")
        yield

    def describe(self) -> Json:
        """The web origins."""
        return [str(pattern) for pattern in self.origins]

    def allows(self) -> dict[str, bool]:
        """Each of them."""
        return {f"pages of {pattern}": True for pattern in self.origins}
