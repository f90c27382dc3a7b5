"""A policy under its name in ``tiers.yaml``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from gateway.policy import Call, Json, Media, Meter, Policy
from gateway.tiers.held import Held, Noting
from gateway.tiers.shadow import Shadow, Trial


@dataclass(frozen=True, slots=True)
class Named:
    """A policy under its name; one in ``shadow`` is measured and logged, never enforced."""

    name: str
    policy: Policy
    shadow: bool = False
    _admit: Callable[[Call], AbstractAsyncContextManager[Meter | None]] = field(init=False, repr=False, compare=False)
    """The policy's `admit` to be held by ``with``, made once: making it costs more than entering it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_admit", asynccontextmanager(self.policy.admit))

    def hold(self, call: Call, tier: str) -> AbstractAsyncContextManager[Meter | None]:
        """The policy, to be held round one request. In shadow nobody sees what it adds to the quotas, and it counts
        apart: whom it would have stopped is not stopped when it is put in force."""
        noting = Noting(self.name, tier)
        if not self.shadow:
            return Held(self._admit(call), noting)
        aside = dataclasses.replace(call, quotas=[], varies=[], in_shadow=True)
        return Shadow(Held(self._admit(aside), noting), Trial(self.name, call))

    @property
    def judges(self) -> bool:
        """Whether the policy has a word on each resource."""
        return hasattr(self.policy, "judge")

    def judge(self, call: Call, media: Media, tier: str) -> None:
        """Raise what the policy raises of one resource; nothing in shadow."""
        with Trial(self.name, call) if self.shadow else Noting(self.name, tier):
            told = self.policy.judge(call, media)  # type: ignore[attr-defined]
            if told is not None:  # of a coroutine, or of a verdict that is not raised, nothing would ever be refused
                raise TypeError(f"judge has returned {type(told).__name__}; it must be a plain method that raises")

    def describe(self) -> Json:
        """What the plan table says of it."""
        describe = getattr(self.policy, "describe", None)
        told = describe() if describe else plain(_fields(self.policy))
        return {"shadow": True, "policy": told} if self.shadow else cast("Json", told)

    async def report(self, call: Call) -> Json:
        """What the asker's own usage says of it; raise `OutOfCapacity` if the store does not answer."""
        report = getattr(self.policy, "report", None)
        if report is None or self.shadow:
            return self.describe()
        with Noting(self.name, call.identity.tier):
            return cast("Json", await report(call))

    def allows(self) -> dict[str, float]:
        """What it allows, by name, more being more; nothing if it does not tell."""
        allows = getattr(self.policy, "allows", None)
        return dict(allows()) if allows else {}


def _fields(policy: Policy) -> dict[str, object]:
    fields = dataclasses.fields(policy)  # type: ignore[arg-type]
    return {field.name: getattr(policy, field.name) for field in fields if field.init}


def plain(value: object) -> Json:
    """A value as JSON can hold it; what JSON does not know is told as text."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
