"""Who judges each hop of a fetch: the gateway, and then the tier."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.origins.guard import Guard, Permit
from gateway.origins.url import MediaUrl
from gateway.policy import Media
from gateway.tiers.admitted import Admitted


@dataclass(frozen=True, slots=True)
class HopJudge:
    """The gateway's word on each hop, and then the tier's."""

    guard: Guard
    admitted: Admitted

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave, or raise the `Problem` that refuses."""
        permit = self.guard.judge(url)
        self.admitted.judge(Media(url))
        return permit
