"""A tier: a name and an ordered set of policies, folded round each request."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from gateway.policy import Call, Json, Meter, Policy, Problem

_shadow_log = logging.getLogger("sluicegate.shadow")


@dataclass(frozen=True, slots=True)
class Named:
    """A policy under its name in ``tiers.yaml``; one in ``shadow`` is measured and logged, never enforced."""

    name: str
    policy: Policy
    shadow: bool = False

    def describe(self) -> Json:
        """What the plan table says of it."""
        describe = getattr(self.policy, "describe", None)
        told = describe() if describe else dataclasses.asdict(self.policy)  # type: ignore[call-overload]
        return {"shadow": True, "policy": told} if self.shadow else cast("Json", told)

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of it."""
        report = getattr(self.policy, "report", None)
        return cast("Json", await report(call)) if report and not self.shadow else self.describe()

    @asynccontextmanager
    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Hold the policy; an error of its own code is told with its name."""
        if self.shadow:
            async with self._watched(call) as meter:
                yield meter
            return
        async with asynccontextmanager(self.policy.admit)(call) as meter:
            yield meter

    @asynccontextmanager
    async def _watched(self, call: Call) -> AsyncIterator[Meter | None]:
        """Hold the policy on a copy of the call, and go on if it refuses."""
        async with AsyncExitStack() as held:
            meter = None
            try:
                aside = dataclasses.replace(call, quotas=[])
                meter = await held.enter_async_context(asynccontextmanager(self.policy.admit)(aside))
            except Problem as problem:
                self._would_refuse(call, problem)
            yield self._lenient(call, meter) if meter else None

    def _lenient(self, call: Call, meter: Meter) -> Meter:
        async def measure(size: int) -> None:
            try:
                await meter(size)
            except Problem as problem:
                self._would_refuse(call, problem)

        return measure

    def _would_refuse(self, call: Call, problem: Problem) -> None:
        who = call.identity
        _shadow_log.info(
            "shadow: %s of tier %s would have refused key %s: %s", self.name, who.tier, who.key_id, problem.error
        )


@dataclass(frozen=True)
class Tier:
    """What one tier of customers may do. ``open_key`` is a key that anyone may use, or empty."""

    name: str
    policies: Sequence[Named]
    open_key: str = field(default="", repr=False)

    @asynccontextmanager
    async def admit(self, call: Call) -> AsyncIterator[Meter]:
        """Hold all policies, in order in and in reverse out, whatever happens; raise the `Problem` of the first that
        refuses. Gives one meter for all of theirs."""
        async with AsyncExitStack() as held:
            meters = []
            for named in self.policies:
                meter = await self._enter(held, named, call)
                if meter is not None:
                    meters.append(meter)
            yield _all(meters)

    async def _enter(self, held: AsyncExitStack, named: Named, call: Call) -> Meter | None:
        try:
            return await held.enter_async_context(named.admit(call))
        except Problem:
            raise
        except Exception as error:
            error.add_note(f"in the policy {named.name} of the tier {self.name}")
            raise

    def describe(self) -> Json:
        """What the plan table says of the tier."""
        told: dict[str, Json] = {named.name: named.describe() for named in self.policies}
        return {"open_key": self.open_key} | told if self.open_key else told

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of the tier."""
        return {named.name: await named.report(call) for named in self.policies}


def _all(meters: Sequence[Meter]) -> Meter:
    async def measure(size: int) -> None:
        for meter in meters:
            await meter(size)

    return measure
