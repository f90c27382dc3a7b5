"""What is wrong with a manifest by itself, as `gateway.inspection` reads it, told as findings of a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.redaction import plain
from gateway.inspection import Finding as Inspected
from gateway.inspection import MediaPlaylist, Multivariant, Severity, dash_rules, hls_rules
from gateway.inspection.dash import tell_dash
from gateway.inspection.hls import tell_media
from gateway.inspection.mpd import Mpd

_MOST = 6
_TOLD_ELSEWHERE = frozenset(
    {"stale", "no-segments", "no-utc-timing", "clock-ahead", "short-window", "start-in-future", "no-map"}
)
"""What a diagnosis sees for itself, by asking twice, by other clocks and in the media, or says of the players that it
troubles."""


def rule_findings(read: Multivariant | MediaPlaylist | Mpd, at: float, name: str) -> Sequence[Finding]:
    """The first few things that are wrong with what was read ``at`` a time in seconds since the epoch."""
    now = datetime.fromtimestamp(at, UTC)
    found: Iterable[Inspected] = dash_rules.find(read, now) if isinstance(read, Mpd) else hls_rules.find(read, now)
    mine = (each for each in found if each.code not in _TOLD_ELSEWHERE)
    return [_told(each, name) for each in islice(mine, _MOST)]


def nested_finding(name: str, *, needed: bool) -> Finding:
    """A variant that leads to another multivariant playlist; ``needed`` if there is none that leads to media."""
    weight = Weight.STOPS if needed else Weight.HARMS
    cause = f"{name} leads to another multivariant playlist, where players take a media playlist alone"
    return Finding("nested", weight, cause, "name the media playlist in its place", (name,))


def licence_findings(read: MediaPlaylist | Mpd | None, at: float) -> Sequence[Finding]:
    """Keys that are given out by a licence server, which a diagnosis does not ask."""
    if read is None:
        return []
    now = datetime.fromtimestamp(at, UTC)
    told = tell_dash(read, now) if isinstance(read, Mpd) else tell_media(read, now)
    systems = [each.system for each in told.encryption if each.system not in {"", "a key file"}]
    if not systems:
        return []
    cause = (
        f"it is encrypted for {', '.join(dict.fromkeys(systems))}: whether a player gets a licence was not looked at"
    )
    return [Finding("licence", Weight.NOTE, cause, "see that the player is told its licence server", ("the keys",))]


def _told(each: Inspected, name: str) -> Finding:
    weight = Weight.HARMS if each.severity is Severity.ERROR else Weight.NOTE
    what = each.what[:1].lower() + each.what[1:] if each.what[1:2].islower() or each.what[1:2] == " " else each.what
    cause = f"{name}, {each.where}: {plain(what).rstrip('.')}"
    return Finding(f"manifest/{each.code}", weight, cause, plain(each.instead).rstrip("."), (name,))
