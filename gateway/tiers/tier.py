"""A tier: a name and an ordered set of policies, folded round each request."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import TracebackType

from gateway.policy import Call, Json, Meter, OnStoreError, OutOfCapacity
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
    judging: tuple[Named, ...] = field(init=False, repr=False, compare=False)
    """The policies that have a word on each resource."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "judging", tuple(named for named in self.policies if named.judges))

    def admit(self, call: Call) -> AbstractAsyncContextManager[Admitted]:
        """Hold all policies, in order in and in reverse out, whatever happens; raise the `Problem` of the first that
        refuses."""
        return _Admission(self, call)

    def describe(self) -> Json:
        """What the plan table says of the tier."""
        told: dict[str, Json] = {named.name: named.describe() for named in self.policies}
        return {"open_key": self.open_key} | told if self.open_key else told

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of the tier."""
        return {named.name: await _standing(named, call) for named in self.policies}


class _Admission:
    """A tier's policies, held round one request. Not by `AsyncExitStack`, which costs more than they do."""

    def __init__(self, tier: Tier, call: Call) -> None:
        self._tier = tier
        self._call = call
        self._held: list[AbstractAsyncContextManager[Meter | None]] = []

    async def __aenter__(self) -> Admitted:
        """Raise what a policy raises, after leaving those before it."""
        tier, meters = self._tier, []
        try:
            for named in tier.policies:
                one = named.hold(self._call, tier.name)
                meter = await one.__aenter__()
                self._held.append(one)
                if meter is not None:
                    meters.append(meter)
        except BaseException:
            await _leave(self._held, *sys.exc_info())
            raise
        return Admitted(self._call, tier.name, meters, tier.judging)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Leave all; raise what the last of them raises that does."""
        await _leave(self._held, kind, error, at)


async def _leave(
    held: list[AbstractAsyncContextManager[Meter | None]],
    kind: type[BaseException] | None,
    error: BaseException | None,
    at: TracebackType | None,
) -> None:
    """Leave them all, the last first; what one of them raises is what those before it are told."""
    while held:
        one = held.pop()
        try:
            await one.__aexit__(kind, error, at)
        except BaseException:
            await _leave(held, *sys.exc_info())
            raise


async def _standing(named: Named, call: Call) -> Json:
    """How a policy stands; while the store does not answer, what it is set to."""
    try:
        return await named.report(call)
    except OutOfCapacity:
        return named.describe()
