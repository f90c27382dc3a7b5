"""What is looked at in a DASH presentation: of each adaptation set one representation deeply, of the others the map."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.diagnosis.seen import End, Part, Step
from gateway.inspection.mpd import AdaptationSet, Mpd, Period, Representation
from gateway.inspection.playlist import integer
from gateway.inspection.xml_tree import Element
from gateway.manifests.link import resolve

_FIELD = re.compile(r"\$(?:(?P<name>RepresentationID|Bandwidth|Number|Time|SubNumber)(?:%0(?P<width>\d{1,2})d)?)?\$")
_BEHIND = 3
"""Segments behind the live edge at which a player is taken to begin."""

MOST_REPRESENTATIONS = 16


@dataclass(frozen=True, slots=True)
class Numbers:
    """The first and the last segment that a player asks for, each as ($Number$, $Time$)."""

    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Place:
    """A representation, with the levels that it stands in; ``base`` is what its references resolve against, ``now`` the
    time, ``deeply`` whether its segments are looked at, and ``number`` which it is in the manifest."""

    mpd: Mpd
    period: Period
    group: AdaptationSet
    each: Representation
    base: str
    now: float
    deeply: bool
    number: int

    @property
    def levels(self) -> tuple[Element, ...]:
        """The nearest first."""
        return self.each.element, self.group.element, self.period.element


def dash_steps(mpd: Mpd, base: str, now: float) -> Iterator[Step]:
    """The steps of the period that is playing ``now`` (seconds since the epoch, by the clock that players go by)."""
    period = current_period(mpd, now)
    if period is None:
        return
    over = _inherit(_inherit(base, mpd.root), period.element)
    count = 0
    for group in period.sets:
        for at, each in enumerate(group.representations):
            count += 1
            if count > MOST_REPRESENTATIONS:
                return
            at_base = _inherit(_inherit(over, group.element), each.element)
            yield from _named(_Place(mpd, period, group, each, at_base, now, deeply=at == 0, number=count))


def current_period(mpd: Mpd, now: float) -> Period | None:
    """The first period; of a live presentation the last that has begun."""
    if not mpd.periods:
        return None
    if not mpd.is_live or mpd.starts is None:
        return mpd.periods[0]
    since = now - mpd.starts.timestamp()
    begun = [period for period in mpd.periods if (period.start or 0.0) <= since]
    return begun[-1] if begun else mpd.periods[0]


def by_clock(mpd: Mpd, now: float) -> bool:
    """Whether players compute by a clock which segments there are: live, and without a timeline."""
    period = current_period(mpd, now)
    each = next((each for group in period.sets for each in group.representations), None) if period else None
    return mpd.is_live and each is not None and each.addressing.timeline is None and bool(each.addressing.duration)


def clocks(mpd: Mpd) -> Sequence[tuple[str, str]]:
    """The UTCTiming elements: the last part of the scheme (``http-iso``, ``direct``) and the value."""
    found = (each for each in mpd.root.all("UTCTiming"))
    return [
        (each.get("schemeIdUri").removeprefix("urn:mpeg:dash:utc:").partition(":")[0], each.get("value"))
        for each in found
    ]


def _inherit(base: str, element: Element) -> str:
    told = element.first("BaseURL")
    return (resolve(told.text.strip(), base) or base) if told is not None else base


def _named(place: _Place) -> Iterator[Step]:
    each, kind = place.each, place.group.kind
    codecs = tuple(part.strip() for part in each.get("codecs").split(",") if part.strip())
    name = f"{kind or 'representation'} {each.get('id')[:20]}".strip()
    needed = place.deeply and kind in {"video", "audio", ""}
    for step in _steps(place):
        yield replace(step, name=f"{step.name} of {name}", codecs=codecs, needed=needed, of=place.number)


def _steps(place: _Place) -> Iterator[Step]:
    how = place.each.addressing.how
    if how == "SegmentTemplate":
        yield from _template(place)
    elif how == "SegmentList":
        yield from _list(place)
    elif how == "SegmentBase":
        yield from _base(place)
    else:
        yield Step(Part.SEGMENT, "the file", place.base)


def _template(place: _Place) -> Iterator[Step]:
    each, addressing = place.each, place.each.addressing
    if initialization := addressing.attributes.get("initialization"):
        yield Step(Part.MAP, "the initialization segment", _filled(initialization, each, place.base, (0, 0)))
    numbers = segment_numbers(place.mpd, place.period, each, place.now) if place.deeply else None
    if numbers is None:
        return
    first = "the segment at which players begin" if place.mpd.is_live else "the first segment"
    begins = _filled(addressing.media, each, place.base, numbers.first)
    yield Step(Part.SEGMENT, first, begins, end=End.FIRST)
    if numbers.last != numbers.first:
        ends = _filled(addressing.media, each, place.base, numbers.last)
        yield Step(Part.SEGMENT, "the last segment", ends, end=End.LAST)


def _filled(template: str, each: Representation, base: str, at: tuple[int, int]) -> str:
    """A template with its fields put in place (section 5.3.9.4.4)."""
    values = {"RepresentationID": each.get("id"), "Bandwidth": each.get("bandwidth"), "Number": at[0], "Time": at[1]}

    def value(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "$"
        text = str(values.get(found["name"], ""))
        return text.zfill(int(found["width"])) if found["width"] else text

    filled = _FIELD.sub(value, template)
    return resolve(filled, base) or filled


def segment_numbers(mpd: Mpd, period: Period, each: Representation, now: float) -> Numbers | None:
    """The first and the last segment of a template; of a live one some behind the edge, and the last whole one."""
    addressing = each.addressing
    start = integer(addressing.attributes.get("startNumber", "1")) or 0
    scale = addressing.timescale or 1
    if addressing.timeline is not None:
        times = _times(each)
        if not times:
            return None
        first = max(len(times) - _BEHIND, 0) if mpd.is_live else 0
        last = len(times) - 1
        return Numbers((start + first, times[first]), (start + last, times[last]))
    if not addressing.duration:
        return None
    length = addressing.duration / scale
    if mpd.is_live and mpd.starts is not None:
        edge = math.floor((now - mpd.starts.timestamp() - (period.start or 0.0)) / length) - 2
        begin = max(edge - _BEHIND, 0)
        return Numbers(_at(start, begin, addressing.duration), _at(start, max(edge, 0), addressing.duration))
    total = period.duration or mpd.duration
    count = math.ceil(round(total / length, 6)) if total else 1
    return Numbers(_at(start, 0, addressing.duration), _at(start, max(count - 1, 0), addressing.duration))


def _at(start: int, index: int, duration: int) -> tuple[int, int]:
    return start + index, index * duration


_MOST_TIMES = 200_000


def _times(each: Representation) -> Sequence[int]:
    """The start of each segment of a timeline, in ticks; of one that is endless, as many as are sure."""
    times: list[int] = []
    time = 0
    timeline = each.addressing.timeline
    for step in timeline.steps if timeline else ():
        time = time if step.time is None else step.time
        for _ in range(min(max(step.repeat, 0) + 1, _MOST_TIMES - len(times))):
            times.append(time)
            time += step.duration
    return times


def _list(place: _Place) -> Iterator[Step]:
    lists = [told for level in place.levels if (told := level.first("SegmentList")) is not None]
    yield from _initialization(lists, place.base)
    urls = next((told.all("SegmentURL") for told in lists if told.first("SegmentURL")), [])
    for end, found in ((End.FIRST, urls[:1]), (End.LAST, urls[1:][-1:])):
        for told in found if place.deeply else ():
            url = resolve(told.get("media"), place.base) or place.base
            yield Step(Part.SEGMENT, f"the {end.value} segment", url, _span(told.get("mediaRange")), end=end)


def _base(place: _Place) -> Iterator[Step]:
    found = [told for level in place.levels if (told := level.first("SegmentBase")) is not None]
    yield from _initialization(found, place.base)
    index = next((told.get("indexRange") for told in found if told.get("indexRange")), "")
    if place.deeply and index:
        yield Step(Part.SEGMENT, "the index", place.base, _span(index))


def _initialization(levels: Sequence[Element], base: str) -> Iterator[Step]:
    for level in levels:
        told = level.first("Initialization")
        if told is not None:
            url = resolve(told.get("sourceURL"), base) or base
            yield Step(Part.MAP, "the initialization segment", url, _span(told.get("range")))
            return


def _span(told: str) -> str:
    return f"bytes={told}" if re.fullmatch(r"\d+-\d*", told) else ""


def time_of(scheme: str, body: bytes) -> float | None:
    """What a UTCTiming answer says, in seconds since the epoch; ``http-ntp`` and ``http-head`` are not text."""
    if scheme not in {"http-iso", "http-xsdate", "direct"}:
        return None
    try:
        told = datetime.fromisoformat(body.decode("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        return None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
