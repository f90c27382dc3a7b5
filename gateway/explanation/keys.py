"""Which keys are meant by a name, and why one of them is dead."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from gateway.identity import KeyRecord
from gateway.identity.records import iso
from gateway.policy import Identity


@dataclass(frozen=True, slots=True)
class Living:
    """A key that may be used."""

    key_id: str


@dataclass(frozen=True, slots=True)
class Dead:
    """A key that is refused, and why; client and tier are empty if they are not known. ``is_known`` is false of a name
    that nobody has."""

    key_id: str
    client: str
    tier: str
    why: str
    is_known: bool = True


def open_id(tier: str) -> str:
    """The id of a tier's open key."""
    return f"open-{tier}"


def meant(
    text: str, records: Iterable[KeyRecord], open_keys: Mapping[str, str], tiers: Collection[str], now: float
) -> tuple[Living | Dead, ...]:
    """The keys that ``text`` names: one by its id; an open one by its id or itself (``open_keys``: text to tier); or a
    client's, its living ones if it has any. Never none: what is not known is dead."""
    if text in open_keys or text.removeprefix("open-") in open_keys.values():
        return (Living(open_id(open_keys.get(text, text.removeprefix("open-")))),)
    records = list(records)
    named = [key for key in records if key.id == text] or [key for key in records if key.client == text]
    told = [_told(key, tiers, now) for key in named]
    living = [key for key in told if isinstance(key, Living)]
    return tuple(living or told) or (Dead(text, "", "", _unknown(text, records, open_keys), is_known=False),)


def _told(key: KeyRecord, tiers: Collection[str], now: float) -> Living | Dead:
    if key.revoked is not None:
        why = f"it was revoked {iso(key.revoked)}"
    elif not key.alive(now) and key.expires is not None:
        why = f"it expired {iso(key.expires)}"
    elif key.tier not in tiers:
        near = difflib.get_close_matches(key.tier, tiers, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(tiers)}"
        why = f"its client is on the tier {key.tier}, which is not in tiers.yaml ({hint})"
    else:
        return Living(key.id)
    return Dead(key.id, key.client, key.tier, why)


def _unknown(text: str, records: Iterable[KeyRecord], open_keys: Mapping[str, str]) -> str:
    """What is told of a name that nobody has, with the nearest that somebody has."""
    names = {name for key in records for name in (key.id, key.client)}
    near = difflib.get_close_matches(text, sorted(names | {open_id(tier) for tier in open_keys.values()}), 3, 0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "main.py keys list shows those of its --keys"
    return f"no key and no client has this name; {hint}"


def identity_of(text: str, open_keys: Mapping[str, str]) -> str:
    """The id of the key that ``text`` names by its id, or of the open key that it is."""
    return open_id(open_keys[text]) if text in open_keys else text


def members(identity: Identity) -> dict[str, str]:
    """What is told of a living key. Its counter is another than its id while a rotation lasts."""
    return {
        "id": identity.key_id,
        "client": identity.client,
        "tier": identity.tier,
        "counter": identity.counter_id,
    }
