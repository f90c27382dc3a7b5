"""How many segments a DASH representation has, and how long they are, without listing them: a timeline of one line may
stand for a billion."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.inspection.mpd import Addressing, Step


@dataclass(frozen=True, slots=True)
class Extent:
    """``count`` segments of these lengths in seconds, from the first's start to ``end``, by the period's own clock."""

    count: int
    shortest: float | None = None
    longest: float | None = None
    total: float = 0.0
    end: float | None = None


def extent_of(addressing: Addressing, period: float | None) -> Extent | None:
    """The segments of one representation in a period of this many seconds; None where that is not told."""
    if addressing.timescale == 0 or not addressing.how:
        return None
    if addressing.timeline is not None:
        return _of_timeline(addressing, addressing.timeline.steps, period)
    length = addressing.duration / addressing.timescale if addressing.duration else None
    if addressing.how == "SegmentList":
        return Extent(addressing.urls, length, length, addressing.urls * (length or 0.0))
    if addressing.how == "SegmentBase":
        return None  # an index in the media tells
    if length is None or period is None:
        return None
    count = math.ceil(round(period / length, 6))
    return Extent(count, length, length, count * length)  # of which the last may be shorter


def _of_timeline(addressing: Addressing, timeline: tuple[Step, ...], period: float | None) -> Extent | None:
    scale, offset = addressing.timescale, offset_of(addressing)
    last = None if period is None else period * scale + offset
    count = total = 0
    time = timeline[0].time or 0 if timeline else 0
    lengths: list[int] = []
    for at, step in enumerate(timeline):
        time = time if step.time is None else step.time
        following = timeline[at + 1].time if at + 1 < len(timeline) else last
        times = step.repeat + 1 if step.repeat >= 0 else _times(step, time, following)
        if step.duration <= 0 or times <= 0:
            continue
        lengths.append(step.duration)
        count, total, time = count + times, total + times * step.duration, time + times * step.duration
    if not lengths:
        return Extent(0)
    return Extent(count, min(lengths) / scale, max(lengths) / scale, total / scale, (time - offset) / scale)


def first_gap(addressing: Addressing) -> tuple[float, float] | None:
    """From when to when the first stretch of a timeline is that no segment covers, in seconds of its period; None if
    there is none of a tenth of a second or more, which are roundings."""
    end: int | None = None
    steps = addressing.timeline.steps if addressing.timeline and addressing.timescale else ()
    scale, offset = addressing.timescale, offset_of(addressing)
    for step in steps:
        time = step.time if step.time is not None else end or 0
        if end is not None and time - end >= scale / 10:
            return (end - offset) / scale, (time - offset) / scale
        end = time + step.duration * (step.repeat + 1) if step.repeat >= 0 else None
    return None


def _times(step: Step, time: int, following: float | None) -> int:
    """How often a step with a negative count stands, up to what follows it."""
    if following is None or step.duration <= 0:
        return 1
    return max(math.ceil((following - time) / step.duration), 1)


def offset_of(addressing: Addressing) -> int:
    """Which time of the media stands at the start of its period, in ticks (ISO/IEC 23009-1, section 5.3.9.2)."""
    told = addressing.attributes.get("presentationTimeOffset", "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 20 else 0
