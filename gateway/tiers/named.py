"""A policy under its name in ``tiers.yaml``."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import cast

from gateway.policy import Call, Json, Meter, Policy
from gateway.tiers.held import Held
from gateway.tiers.shadow import Shadow, Trial


@dataclass(frozen=True, slots=True)
class Named:
    """A policy under its name; one in ``shadow`` is measured and logged, never enforced."""

    name: str
    policy: Policy
    shadow: bool = False

    def hold(self, call: Call, tier: str) -> AbstractAsyncContextManager[Meter | None]:
        """The policy, to be held round one request. In shadow nobody sees what it adds to the quotas."""
        note = f"in policy {self.name} of tier {tier}"
        if not self.shadow:
            return Held(self.policy, call, note)
        aside = dataclasses.replace(call, quotas=[])
        return Shadow(Held(self.policy, aside, note), Trial(self.name, call.identity))

    def describe(self) -> Json:
        """What the plan table says of it."""
        describe = getattr(self.policy, "describe", None)
        told = describe() if describe else dataclasses.asdict(self.policy)  # type: ignore[call-overload]
        return {"shadow": True, "policy": told} if self.shadow else cast("Json", told)

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of it."""
        report = getattr(self.policy, "report", None)
        return cast("Json", await report(call)) if report and not self.shadow else self.describe()
