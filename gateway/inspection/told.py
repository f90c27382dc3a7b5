"""A presentation as JSON. Numbers and words, and never where media lies: who may not stream must not learn from here
where to stream from, and an origin's URL may carry an origin's own token.

All that an origin wrote is cut to a length, and lists to a number, so that an answer is small whatever it is about.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from gateway.inspection.codec import Codec
from gateway.inspection.finding import Finding
from gateway.inspection.presentation import LowLatency, Presentation, Rendition, Segments, Size, Variant, Window
from gateway.problem import Json

MOST_TRACKS = 200
"""Variants, and as many renditions; those left out are counted."""

MOST_OF_A_CODE = 5
MOST_FINDINGS = 60
_MOST_LOOKED_FOR = 2000
_LONGEST = 200


def tell(found: Presentation, findings: Iterable[Finding]) -> dict[str, Json]:
    """What is known, as JSON; what is not known is null, and what cannot be is absent or empty."""
    told: dict[str, Json] = {"kind": found.kind.value, "live": found.live, "duration": found.duration}
    told["window"] = _window(found.window) if found.window else None
    told["variants"] = [_variant(each) for each in found.variants[:MOST_TRACKS]]
    told["renditions"] = [_rendition(each) for each in found.renditions[:MOST_TRACKS]]
    told["languages"] = sorted({_cut(each.language) for each in found.renditions[:MOST_TRACKS] if each.language})
    told["segments"] = _segments(found.segments) if found.segments else None
    told["encryption"] = [
        {"method": _cut(each.method), "system": _cut(each.system), "words": _cut(each.words)}
        for each in found.encryption[:MOST_TRACKS]
    ]
    told["low_latency"] = _low_latency(found.low_latency) if found.low_latency else None
    told["features"] = list(found.features)
    if left := sum(max(len(each) - MOST_TRACKS, 0) for each in (found.variants, found.renditions)):
        told["left_out"] = left
    return told | _problems(findings)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _variant(each: Variant) -> Json:
    return {
        "bandwidth": each.bandwidth,
        "average_bandwidth": each.average_bandwidth,
        "codecs": _codecs(each.codecs),
        "resolution": _size(each.size),
        "frame_rate": each.frame_rate,
        "video_range": _cut(each.video_range),
        "audio": _cut(each.audio),
        "subtitles": _cut(each.subtitles),
    }


def _rendition(each: Rendition) -> Json:
    return {
        "type": each.type,
        "group": _cut(each.group),
        "name": _cut(each.name),
        "language": _cut(each.language),
        "default": each.is_default,
        "forced": each.is_forced,
        "channels": _cut(each.channels),
        "bandwidth": each.bandwidth,
        "codecs": _codecs(each.codecs),
        "resolution": _size(each.size),
    }


def _codecs(codecs: Sequence[Codec]) -> Json:
    return [{"codec": _cut(each.text), "family": each.family, "words": _cut(each.words)} for each in codecs[:20]]


def _size(size: Size | None) -> Json:
    return {"width": size.width, "height": size.height} if size else None


def _segments(each: Segments) -> Json:
    lengths: dict[str, Json] = {"shortest": each.shortest, "longest": each.longest, "mean": each.mean}
    return {"format": each.format, "count": each.count, **lengths}


def _window(each: Window) -> Json:
    return {
        "length": each.length,
        "edge": _moment(each.edge),
        "behind": each.behind,
        "hold_back": each.hold_back,
        "target_duration": each.target_duration,
        "reload": each.reload,
        "clock": _cut(each.clock),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _low_latency(each: LowLatency) -> Json:
    return {
        "parts": each.parts,
        "part_target": each.part_target,
        "part_hold_back": each.part_hold_back,
        "blocking_reload": each.blocking_reload,
        "delta_updates": each.delta_updates,
        "preload_hint": each.preload_hint,
        "rendition_reports": each.rendition_reports,
        "availability_time_offset": each.availability_time_offset,
        "chunked": each.chunked,
        "target_latency": each.target_latency,
    }


def _problems(findings: Iterable[Finding]) -> dict[str, Json]:
    """The first few of each code, errors first; the others are counted."""
    found = list(itertools.islice(findings, _MOST_LOOKED_FOR))
    seen: Counter[str] = Counter()
    kept: list[Finding] = []
    for each in sorted(found, key=lambda each: each.severity.value):
        seen[each.code] += 1
        if seen[each.code] <= MOST_OF_A_CODE and len(kept) < MOST_FINDINGS:
            kept.append(each)
    problems: list[Json] = [
        {
            "severity": each.severity.value,
            "code": each.code,
            "where": each.where,
            "what": each.what,
            "instead": each.instead,
        }
        for each in kept
    ]
    left = len(found) - len(kept)
    return {"problems": problems} | ({"problems_left_out": left} if left else {})
