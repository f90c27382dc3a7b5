"""One thing that an edit changes, and for whose good."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gateway.policy import Json


class Effect(enum.Enum):
    """Whether more is allowed than before, or less, or it cannot be told."""

    GAINS = "gains"
    LOSES = "loses"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Change:
    """``what`` is a policy or a key of ``tiers.yaml``; ``told`` is for people."""

    effect: Effect
    what: str
    told: str

    def as_json(self) -> dict[str, Json]:
        """The same for machines."""
        return {"effect": self.effect.value, "what": self.what, "told": self.told}


def gain(what: str, told: str) -> Change:
    """More is allowed."""
    return Change(Effect.GAINS, what, told)


def loss(what: str, told: str) -> Change:
    """Less is allowed."""
    return Change(Effect.LOSES, what, told)


def change(what: str, told: str) -> Change:
    """It is another, and who can say whether it is more."""
    return Change(Effect.CHANGES, what, told)
