"""Whether the media goes on as the playlist says: by the time stamps of its first and its last segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.form import Form
from gateway.diagnosis.seen import End, Seen
from gateway.inspection import MediaPlaylist
from gateway.inspection.media_playlist import Segment
from gateway.inspection.mpeg_ts import CLOCK, first_time

_ROUND = 2**33 / CLOCK
"""Seconds after which time stamps begin anew."""

_ROUNDING = 0.5
"""Seconds by which an EXTINF may be off that is a whole number, as before version 3."""


def timestamp_findings(steps: Sequence[Seen], media: MediaPlaylist | None) -> Iterator[Finding]:
    """Time stamps of a recording in MPEG-TS that are not where EXTINF puts them, and no EXT-X-DISCONTINUITY says so."""
    ends = [seen for seen in steps if seen.step.end is not None]
    if media is None or media.is_live or len(ends) != len(End):
        return
    first, last = (_begins(seen) for seen in ends)
    said = _said(media.segments)
    if first is None or last is None or said is None:
        return
    seconds, tolerance = said
    if seconds > _ROUND - tolerance:
        return
    held = (last - first) % _ROUND
    held = held - _ROUND if held > _ROUND - tolerance else held
    if abs(held - seconds) <= tolerance:
        return
    moved = f"{held:.1f} s behind those of the first" if held < _ROUND / 2 else "before those of the first"
    cause = f"the time stamps of the last segment stand {moved}, where the playlist's EXTINF say {seconds:.1f} s"
    change = "write #EXT-X-DISCONTINUITY where they begin anew, and in EXTINF how long each segment is"
    yield Finding("timestamps", Weight.HARMS, cause, change, tuple(seen.step.name for seen in ends))


def _begins(seen: Seen) -> float | None:
    plain = seen.form is Form.TS and not seen.step.encrypted and seen.good is not None
    return first_time(seen.good.body) if plain and seen.good else None


def _said(segments: Sequence[Segment]) -> tuple[float, float] | None:
    """Seconds from the start of the first segment that is there to that of the last, and by how many they may be off;
    None if a discontinuity lies between."""
    there = list(dropwhile(lambda each: each.gap, segments))
    there = list(dropwhile(lambda each: each.gap, there[::-1]))[::-1]
    if any(each.discontinuity or each.duration is None for each in there[1:]):
        return None
    lengths = [each.duration or 0.0 for each in there]
    return sum(lengths[:-1]), max(lengths, default=0.0) + _ROUNDING * len(lengths)
