"""Live manifests: whether they go on, in order, and whether what stands between lets players see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.cache.directives import Directives
from gateway.cache.freshness import told_age
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.seen import Got
from gateway.diagnosis.times import span
from gateway.inspection import MediaPlaylist
from gateway.inspection.media_playlist import Segment
from gateway.inspection.playlist import integer
from gateway.manifests import Kind

LATE = 1.5
"""Target durations within which a playlist must change (draft-pantos-hls-rfc8216bis, section 6.2.1)."""

_FAR = 10
"""Target durations that the live edge may lie behind the time that the playlist itself tells."""


@dataclass(frozen=True, slots=True)
class Reread:
    """A live manifest that was read again: ``changed`` after ``waited`` seconds, or not; ``target`` is the longest that
    a segment is; ``edge`` is when its last segment ended, by the origin's clock, if it tells. ``disorder`` is what is
    wrong with the numbers of a playlist that changed, ``is_lost`` whether players lose their place by it."""

    name: str
    target: float
    changed: bool
    waited: float
    edge: datetime | None = None
    kind: Kind = Kind.HLS
    disorder: str = ""
    is_lost: bool = False


def disorder(before: MediaPlaylist, after: MediaPlaylist) -> tuple[str, bool]:
    """What is wrong with how a playlist moved on (draft-pantos-hls-rfc8216bis, section 6.2.2), empty if nothing is; and
    whether players lose their place by it."""
    old, new = _number(before), _number(after)
    if new < old:
        return f"went back in #EXT-X-MEDIA-SEQUENCE, from {old} to {new}", False  # hls.js finds its place by time
    gone = {_file(segment) for segment in before.segments[1:]} - {_file(segment) for segment in before.segments[:1]}
    if new > old or not after.segments or _file(after.segments[0]) not in gone:
        return "", False
    told = f"has another first segment than before, and #EXT-X-MEDIA-SEQUENCE is {new} as it was"
    return told if before.playlist.tags("EXT-X-MEDIA-SEQUENCE") else f"{told}: it has none, which is 0", True


def _number(read: MediaPlaylist) -> int:
    return next((integer(tag.value.strip()) or 0 for tag in read.playlist.tags("EXT-X-MEDIA-SEQUENCE")), 0)


def _file(segment: Segment) -> str:
    """The name of a segment's file, without what may be signed anew each time."""
    return segment.uri.partition("?")[0].rpartition("/")[2]


def live_findings(reread: Reread, got: Got, skew: float) -> Sequence[Finding]:
    """What keeps a live playlist from going on. ``skew`` is by how much the origin's clock is ahead, in seconds."""
    found = []
    kept = told_age(got.head)
    is_late = reread.waited >= LATE * reread.target
    if not reread.changed and is_late:
        by_cache = kept > reread.target
        why = f", and a cache has kept it for {kept} s (Age)" if by_cache else ""
        since = ""
        if reread.edge is not None:
            behind = got.at + skew - reread.edge.timestamp()
            since = f"; its last segment ended {span(behind)} ago" if behind > _FAR * reread.target else ""
        cause = f"{_STILL[reread.kind].format(reread.waited, reread.target)}{since}{why}"
        change = "let the cache keep it for half a segment's duration at most" if by_cache else _ENCODER[reread.kind]
        found.append(Finding("stale", Weight.STOPS, cause, change, (reread.name,)))
    if reread.disorder:
        weight = Weight.STOPS if reread.is_lost else Weight.HARMS
        cause = f"the live playlist {reread.disorder}: players go by these numbers"
        found.append(Finding("sequence", weight, cause, _COUNT, (reread.name,)))
    found += _caching(reread, got)
    return found


_STILL = {
    Kind.HLS: "the live playlist has not changed in {:.1f} s at a target duration of {:g} s",
    Kind.DASH: "the live manifest's timeline has not grown in {:.1f} s, with segments of {:g} s",
}
_ENCODER = {
    Kind.HLS: "look at the encoder: it writes no segments; if it is over, end the playlist with #EXT-X-ENDLIST",
    Kind.DASH: 'look at the encoder: it writes no segments; if it is over, write type="static"',
}
_COUNT = "count on, by one for each segment that goes, also when the encoder starts anew; let all servers say the same"


def _caching(reread: Reread, got: Got) -> Sequence[Finding]:
    told = Directives.of(got.head)
    seconds = max(told.s_maxage or 0, told.max_age or 0)
    if told.no_store or told.no_cache or seconds <= reread.target:
        return []
    is_hls = reread.kind is Kind.HLS
    longer = f"longer than {'its target' if is_hls else 'the segment'} duration of {reread.target:g} s"
    cause = f"the origin allows the live {'playlist' if is_hls else 'manifest'} to be kept for {seconds} s, {longer}"
    change = f"let the origin send Cache-Control: max-age={max(int(reread.target / 2), 1)} with it"
    return [Finding("live_caching", Weight.DIRECT, cause, change, (reread.name,))]
