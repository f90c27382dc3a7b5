"""A finding: what is wrong, where, and what would mend it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.problem import Json


class Weight(enum.IntEnum):
    """How much a finding matters to whoever wants it to play."""

    NOTE = 1
    """Worth knowing."""

    DIRECT = 2
    """It matters to a player that asks the origin itself; the gateway makes up for it."""

    HARMS = 3
    """It plays, and not as it should."""

    STOPS = 4
    """It does not play."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``cause`` completes "It does not play because ..." and ``change`` says what to do, both without a full stop.
    ``code`` is a stable name; ``where`` are the names of the steps, the first seen first. ``player`` is set where it is
    one player's alone, ``source`` then says where that stands, and ``by_nature`` if that player never plays such."""

    code: str
    weight: Weight
    cause: str
    change: str
    where: tuple[str, ...] = ()
    player: str = ""
    source: str = ""
    by_nature: bool = False

    def told(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "code": self.code,
            "weight": self.weight.name.lower(),
            "where": list(self.where),
            "cause": self.cause,
            "change": self.change,
            "player": self.player or None,
            "source": self.source or None,
        }


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first. Those that the same change mends are one, told by the worst of them, with all their steps."""
    found: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.change, finding.player)
        first = found.setdefault(key, finding)
        told = finding if finding.weight > first.weight else first
        found[key] = replace(told, where=tuple(dict.fromkeys((*first.where, *finding.where))))
    return tuple(sorted(found.values(), key=lambda finding: -finding.weight))
