"""Whom an edit of ``tiers.yaml`` reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.comparison.change import Change, Effect, gain, loss
from gateway.comparison.tiers import Comparison
from gateway.identity import KeyRecord


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What changes for one client, by its tier and for everyone."""

    client: str
    tier: str
    changes: Sequence[Change]

    def effects(self) -> Sequence[Effect]:
        """What kinds of change there are, in one order."""
        return [effect for effect in Effect if any(change.effect is effect for change in self.changes)]


def by_client(
    comparison: Comparison, records: Iterable[KeyRecord], open_tiers: Iterable[str], now: float
) -> Sequence[ClientChange]:
    """The clients with a living key for whom something changes, by name; and those of the open keys, which the log
    calls ``open-TIER``."""
    clients = sorted({(record.client, record.tier) for record in records if record.alive(now)})
    clients += [(f"open-{tier}", tier) for tier in open_tiers]
    changes = [ClientChange(client, tier, _changes(comparison, tier)) for client, tier in clients]
    return [each for each in changes if each.changes]


def _changes(comparison: Comparison, tier: str) -> Sequence[Change]:
    its_own = next((each for each in comparison.tiers if each.name == tier), None)
    if its_own is None:
        return comparison.everyone
    if its_own.fate == "removed":
        return [loss("tier", "all keys end, and all sessions by them")]
    if its_own.fate == "added":  # until then its keys are dead
        return [gain("tier", "keys that had no tier come alive")]
    return [*its_own.changes, *comparison.everyone]
