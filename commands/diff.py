"""``main.py diff``: who gains and who loses what by an edit of ``tiers.yaml``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from commands import options, paint
from commands.trouble import trouble_told
from gateway.comparison import Change, ClientChange, Comparison, Effect, TierChange, by_client, compare
from gateway.identity import read_keys
from gateway.policy import Json
from gateway.tiers import compile_tiers

_FILE = click.Path(path_type=Path)
_SIGNS = {Effect.GAINS: "+", Effect.LOSES: "-", Effect.CHANGES: "~"}
_COLOURS = {Effect.GAINS: paint.good, Effect.LOSES: paint.bad, Effect.CHANGES: paint.odd}


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@options.keys
@options.policies
@options.style
def diff(old: Path, new: Path, keys: Path, policies: Path | None, style: str) -> None:
    """Say who would gain and who would lose what, were NEW in force instead of OLD: everyone, each tier, each client.

    What the files mean is compared, not how they are written. Exits, as diff does, with 0 if they mean the same, 1 if
    they do not, 2 if one of them cannot be read.

    \b
    main.py diff /etc/sluicegate/tiers.yaml edited.yaml
    main.py diff <(git show HEAD:tiers.yaml) tiers.yaml
    """
    with trouble_told(old):
        known = options.discovered(policies)
        before, records = compile_tiers(old.read_bytes(), known), read_keys(keys)
    with trouble_told(new):
        after = compile_tiers(new.read_bytes(), known)
    comparison = compare(before, after)
    on_a_tier = [record for record in records if record.tier in {*before.tiers, *after.tiers}]  # the others are dead
    clients = by_client(comparison, on_a_tier, before.open_keys.values(), time.time())
    if style == "json":
        paint.show_json(_told(comparison, clients))
    else:
        paint.show(_lines(comparison, clients, keys))
    sys.exit(0 if comparison.is_empty else 1)


def _told(comparison: Comparison, clients: Sequence[ClientChange]) -> Json:
    return {
        "same": comparison.is_empty,
        "everyone": _changes(comparison.everyone),
        "tiers": [
            {"tier": each.name, "fate": each.fate, "changes": _changes(each.changes)} for each in comparison.tiers
        ],
        "clients": [
            {
                "client": each.client,
                "tier": each.tier,
                "effects": [effect.value for effect in each.effects()],
                "changes": _changes(each.changes),
            }
            for each in clients
        ],
    }


def _changes(changes: Sequence[Change]) -> Json:
    return [each.as_json() for each in changes]


def _lines(comparison: Comparison, clients: Sequence[ClientChange], keys: Path) -> Iterator[str]:
    if comparison.is_empty:
        yield "No difference: both files mean the same."
        return
    if comparison.everyone:
        yield paint.strong("everyone")
        yield from _rows(comparison.everyone)
    for tier in comparison.tiers:
        yield from _tier(tier)
    if not keys.exists():
        yield paint.odd(f"! there is no {keys}, so no client is told of; name it with --keys")
    elif clients:
        yield paint.strong("clients")
        yield from paint.aligned([(each.client, each.tier, _summary(each)) for each in clients])
    else:
        yield paint.dim("no client has a living key that this reaches")


def _tier(tier: TierChange) -> Iterator[str]:
    fates = {"added": paint.good(": new"), "removed": paint.bad(": gone; all keys on it end"), "kept": ""}
    yield paint.strong(f"tier {tier.name}") + fates[tier.fate]
    yield from _rows(tier.changes)


def _rows(changes: Sequence[Change]) -> Sequence[str]:
    return paint.aligned(
        [(_COLOURS[it.effect](f"{_SIGNS[it.effect]} {it.effect.value}"), it.what, it.told) for it in changes]
    )


def _summary(client: ClientChange) -> str:
    """What happens to a client, in short; what ends or begins with its tier in full."""
    if [change.what for change in client.changes] == ["tier"]:
        change = client.changes[0]
        return _COLOURS[change.effect](change.told)
    parts = []
    for effect in client.effects():
        told = dict.fromkeys(change.what for change in client.changes if change.effect is effect)
        parts.append(f"{_COLOURS[effect](effect.value)} {', '.join(told)}")
    return "; ".join(parts)
