"""A request that its tier has admitted: what its body passes, and who has a word on each resource."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.policy import Call, Media, Meter
from gateway.tiers.held import largest
from gateway.tiers.named import Named


@dataclass(frozen=True, slots=True)
class Admitted:
    """Is itself one meter for those of all policies."""

    call: Call
    tier: str
    meters: Sequence[Meter]
    judging: Sequence[Named]

    async def __call__(self, size: int, /) -> None:
        """Await all meters, in the policies' order; raise what one of them raises."""
        for meter in self.meters:
            await meter(size)

    @property
    def largest(self) -> int:
        """The most bytes that the meters are to be asked about at once."""
        return min((largest(meter) for meter in self.meters), default=sys.maxsize)

    def judge(self, media: Media) -> None:
        """Return if all policies let this resource pass; raise the `Problem` of the first that does not."""
        for named in self.judging:
            named.judge(self.call, media, self.tier)
