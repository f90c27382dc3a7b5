"""A tier: a name and an ordered set of policies, folded round each request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from gateway.policy import Call, Json, OnStoreError, OutOfCapacity
from gateway.tiers.admitted import Admitted
from gateway.tiers.named import Named


@dataclass(frozen=True)
class Tier:
    """What one tier of customers may do. ``open_key`` is a key that anyone may use; ``on_store_error`` what its limits
    do while the store does not answer."""

    name: str
    policies: tuple[Named, ...]
    open_key: str | None = field(default=None, repr=False)
    on_store_error: OnStoreError = OnStoreError.LOCAL

    @asynccontextmanager
    async def admit(self, call: Call) -> AsyncIterator[Admitted]:
        """Hold all policies, in order in and in reverse out, whatever happens; raise the `Problem` of the first that
        refuses."""
        async with AsyncExitStack() as held:
            entered = [await held.enter_async_context(named.hold(call, self.name)) for named in self.policies]
            meters = [meter for meter in entered if meter is not None]
            yield Admitted(call, self.name, meters, [named for named in self.policies if named.judges])

    def describe(self) -> Json:
        """What the plan table says of the tier."""
        told: dict[str, Json] = {named.name: named.describe() for named in self.policies}
        return {"open_key": self.open_key} | told if self.open_key else told

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of the tier."""
        return {named.name: await _standing(named, call) for named in self.policies}


async def _standing(named: Named, call: Call) -> Json:
    """How a policy stands; while the store does not answer, what it is set to."""
    try:
        return await named.report(call)
    except OutOfCapacity:
        return named.describe()
