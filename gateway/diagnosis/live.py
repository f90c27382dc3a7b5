"""Live playlists: whether they go on, and whether what stands between lets players see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.cache.directives import Directives
from gateway.cache.freshness import told_age
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.seen import Got

LATE = 1.5
"""Target durations within which a playlist must change (draft-pantos-hls-rfc8216bis, section 6.2.1)."""

_FAR = 10
"""Target durations that the live edge may lie behind the time that the playlist itself tells."""


@dataclass(frozen=True, slots=True)
class Reread:
    """A live playlist that was read again: ``changed`` after ``waited`` seconds, or not; ``edge`` is when its last
    segment ended, by the origin's clock, if it tells."""

    name: str
    target: float
    changed: bool
    waited: float
    edge: datetime | None = None


def live_findings(reread: Reread, got: Got, skew: float) -> Sequence[Finding]:
    """What keeps a live playlist from going on. ``skew`` is by how much the origin's clock is ahead, in seconds."""
    found = []
    kept = told_age(got.head)
    if not reread.changed:
        by_cache = kept > reread.target
        why = f", and a cache has kept it for {kept} s (Age)" if by_cache else ""
        since = ""
        if reread.edge is not None:
            behind = got.at + skew - reread.edge.timestamp()
            since = f"; its last segment ended {round(behind)} s ago" if behind > _FAR * reread.target else ""
        still = f"has not changed in {reread.waited:.1f} s at a target duration of {reread.target:g} s"
        cause = f"the live playlist {still}{since}{why}"
        encoder = "look at the encoder: it writes no segments; if it is over, end the playlist with #EXT-X-ENDLIST"
        change = "let the cache keep it for half a target duration at most" if by_cache else encoder
        found.append(Finding("stale", Weight.STOPS, cause, change, (reread.name,)))
    found += _caching(reread, got)
    return found


def _caching(reread: Reread, got: Got) -> Sequence[Finding]:
    told = Directives.of(got.head)
    seconds = max(told.s_maxage or 0, told.max_age or 0)
    if told.no_store or told.no_cache or seconds <= reread.target:
        return []
    longer = f"longer than its target duration of {reread.target:g} s"
    cause = f"the origin allows the live playlist to be kept for {seconds} s, {longer}"
    change = f"let the origin send Cache-Control: max-age={max(int(reread.target / 2), 1)} with it"
    return [Finding("live_caching", Weight.DIRECT, cause, change, (reread.name,))]
