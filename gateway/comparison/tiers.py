"""What an edit changes in the whole of ``tiers.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.comparison.amounts import covers
from gateway.comparison.change import Change, change, gain, loss
from gateway.comparison.policies import policy_changes
from gateway.origins.reach import USUAL, Reach
from gateway.policy import OnStoreError, written
from gateway.tiers import Tier, TierFile
from gateway.tiers.named import Named

_WITHOUT_STORE = {
    OnStoreError.DENY: "refused",
    OnStoreError.LOCAL: "counted inside each worker",
    OnStoreError.ALLOW: "admitted without counting",
}
_STRICTEST_FIRST = tuple(_WITHOUT_STORE)


@dataclass(frozen=True, slots=True)
class TierChange:
    """What becomes of one tier."""

    name: str
    fate: Literal["added", "removed", "kept"]
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes: of the file's top for everyone, and in each tier that is not as it was."""

    everyone: Sequence[Change]
    tiers: Sequence[TierChange]

    @property
    def is_empty(self) -> bool:
        """Whether the two files mean the same."""
        return not self.everyone and not self.tiers


def compare(old: TierFile, new: TierFile) -> Comparison:
    """Compare what two files mean, not how they are written."""
    everyone = [*_origins(old, new), *_reaches(old, new), *_lifetimes(old, new), *_cache(old, new)]
    tiers = [_tier(name, old.tiers.get(name), new.tiers.get(name)) for name in dict.fromkeys([*old.tiers, *new.tiers])]
    return Comparison(everyone, [tier for tier in tiers if tier.fate != "kept" or tier.changes])


def _origins(old: TierFile, new: TierFile) -> Iterator[Change]:
    before, after = ([str(pattern) for pattern in file.origins] for file in (old, new))
    for each in _beyond(before, after):
        left = ", ".join(origin for origin in after if covers(each, origin))
        yield loss("origins", f"media from {each}, but for: {left}" if left else f"media from {each}")
    yield from (gain("origins", f"media from {each}") for each in _beyond(after, before))


def _reaches(old: TierFile, new: TierFile) -> Iterator[Change]:
    """How an origin is reached, where that is another than it was, or for a new one than is usual."""
    for origin, after in new.reaches.items():
        before = old.reaches.get(origin, USUAL)
        if before.fallbacks != after.fallbacks:
            yield change("origins", f"{origin} falls back to {_named(before)} -> {_named(after)}")
        for what, was, now in (("connect", before.connect, after.connect), ("stall", before.stall, after.stall)):
            if was != now:
                yield change("origins", f"{origin} {what}_timeout: {written(was)} -> {written(now)}")
        if before.cmcd != after.cmcd:
            yield change("origins", f"{origin} {'is told' if after.cmcd else 'is no longer told'} players' CMCD")


def _named(reach: Reach) -> str:
    return ", ".join(str(fallback) for fallback in reach.fallbacks) or "none"


def _beyond(origins: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    return [each for each in origins if each not in others and not any(covers(wide, each) for wide in others)]


def _lifetimes(old: TierFile, new: TierFile) -> Iterator[Change]:
    yield from _lifetime("session", "tokens hold", old.session_lifetime, new.session_lifetime)
    yield from _lifetime("playback", "grants in manifests hold", old.playback_lifetime, new.playback_lifetime)


def _lifetime(what: str, told: str, old: int, new: int) -> Iterator[Change]:
    if old != new:
        line = f"{told}: {written(old)} -> {written(new)}"
        yield gain(what, line) if new > old else loss(what, line)


def _cache(old: TierFile, new: TierFile) -> Iterator[Change]:
    for place in ("memory", "disk"):
        before, after = (getattr(file.storage, place) for file in (old, new))
        if before != after:
            yield change("cache", f"{place}: {before or 'nothing'} -> {after or 'nothing'}")


def _tier(name: str, old: Tier | None, new: Tier | None) -> TierChange:
    if old is None or new is None:
        return TierChange(name, "removed" if new is None else "added")
    return TierChange(name, "kept", [*_open_key(old, new), *_policies(old, new), *_on_store_error(old, new)])


def _open_key(old: Tier, new: Tier) -> Iterator[Change]:
    if old.open_key == new.open_key:
        return
    if old.open_key:
        yield loss("open_key", f"{old.open_key} ends, and all sessions by it")
    if new.open_key:
        yield gain("open_key", f"{new.open_key} is open to anyone")


def _policies(old: Tier, new: Tier) -> Iterator[Change]:
    before, after = ({named.name: named for named in tier.policies} for tier in (old, new))
    for name in dict.fromkeys([*before, *after]):
        yield from policy_changes(before.get(name), after.get(name))
    yield from _order(before, after)


def _order(before: dict[str, Named], after: dict[str, Named]) -> Iterator[Change]:
    old, new = [name for name in before if name in after], [name for name in after if name in before]
    if old != new:
        yield change("order", f"{', '.join(old)} -> {', '.join(new)}")


def _on_store_error(old: Tier, new: Tier) -> Iterator[Change]:
    before, after = old.on_store_error, new.on_store_error
    if before is not after:
        told = f"while the store does not answer: {_WITHOUT_STORE[before]} -> {_WITHOUT_STORE[after]}"
        more = _STRICTEST_FIRST.index(after) > _STRICTEST_FIRST.index(before)
        yield gain("on_store_error", told) if more else loss("on_store_error", told)
