"""What a DASH manifest says, told as a presentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from gateway.inspection.codec import read_codecs
from gateway.inspection.encryption import Encryption, system_of
from gateway.inspection.mpd import AdaptationSet, Addressing, Mpd, Period, Representation
from gateway.inspection.playlist import decimal, integer
from gateway.inspection.presentation import (
    Kind,
    LowLatency,
    Presentation,
    Rendition,
    RenditionType,
    Segments,
    Size,
    Variant,
    Window,
    video_range,
)
from gateway.inspection.timeline import extent_of
from gateway.inspection.xml_tree import Element
from gateway.manifests.duration import seconds

_TRICK_PLAY = "http://dashif.org/guidelines/trickmode"
_TRANSFER = "urn:mpeg:mpegB:cicp:TransferCharacteristics"
_FORMATS = {"mp4": "fmp4", "webm": "webm", "mp2t": "ts", "vtt": "webvtt", "ttml+xml": "ttml", "jpeg": "images"}
_TYPES: Mapping[str, RenditionType] = {"audio": "audio", "text": "subtitles", "image": "images", "video": "video"}
_PROTECTION = "urn:mpeg:dash:mp4protection:2011"


def tell_dash(mpd: Mpd, now: datetime) -> Presentation:
    """What a manifest says, at this time. What differs between periods is told of the first."""
    first = mpd.periods[0].sets if mpd.periods else ()
    video = [each for each in first if each.kind == "video" and not _is_trick_play(each)]
    others = [each for each in first if each not in video]
    main = video or [each for each in first if each.kind == "audio"]
    return Presentation(
        kind=Kind.DASH,
        live=mpd.is_live,
        duration=None if mpd.is_live else mpd.duration,
        window=_window(mpd, now) if mpd.is_live else None,
        variants=tuple(_variant(each) for group in video for each in group.representations),
        renditions=tuple(_rendition(group, each) for group in others for each in group.representations),
        segments=_segments(mpd, main[0]) if main else None,
        encryption=tuple(dict.fromkeys(_encryption(mpd.root))),
        low_latency=_low_latency(mpd.root),
        features=tuple(_features(mpd)),
    )


def _is_trick_play(group: AdaptationSet) -> bool:
    properties = group.element.all("EssentialProperty") + group.element.all("SupplementalProperty")
    return any(each.get("schemeIdUri") == _TRICK_PLAY for each in properties)


def _variant(each: Representation) -> Variant:
    return Variant(
        bandwidth=each.number("bandwidth"),
        codecs=read_codecs(each.get("codecs")),
        size=_size(each),
        frame_rate=_rate(each.get("frameRate")),
        video_range=_range(each.element),
    )


def _rendition(group: AdaptationSet, each: Representation) -> Rendition:
    roles = {role.get("value") for role in group.element.all("Role")}
    label = group.element.first("Label")
    channels = each.element.first("AudioChannelConfiguration") or group.element.first("AudioChannelConfiguration")
    return Rendition(
        type="i-frames" if _is_trick_play(group) else _TYPES.get(group.kind, "other"),
        group=group.element.get("id"),
        name=label.text.strip() if label else "",
        language=_known(group.element.get("lang") or each.get("lang")),
        is_default="main" in roles,
        is_forced=bool(roles & {"forced-subtitle", "forced_subtitle"}),
        channels=channels.get("value") if channels else "",
        bandwidth=each.number("bandwidth"),
        codecs=read_codecs(each.get("codecs")),
        size=_size(each),
    )


def _known(language: str) -> str:
    """Empty for "undetermined"."""
    return "" if language.lower() == "und" else language


def _size(each: Representation) -> Size | None:
    width, height = each.number("width"), each.number("height")
    return None if width is None or height is None else Size(width, height)


def _rate(text: str) -> float | None:
    """``30`` or ``30000/1001``."""
    over, _, under = text.partition("/")
    above, below = integer(over.strip()), integer(under.strip() or "1")
    return round(above / below, 3) if above is not None and below else None


def _range(element: Element) -> str:
    properties = element.all("EssentialProperty") + element.all("SupplementalProperty")
    told = (each.get("value") for each in properties if each.get("schemeIdUri") == _TRANSFER)
    return next((known for value in told if (known := video_range(integer(value.strip())))), "")


def _segments(mpd: Mpd, main: AdaptationSet) -> Segments | None:
    """Those of the first representation, in all periods that have a set of its kind."""
    representation = next(iter(main.representations), None)
    if representation is None:
        return None
    same = [(period, group) for period in mpd.periods for group in period.sets if group.kind == main.kind]
    firsts: dict[str, tuple[Period, Representation]] = {}
    for period, group in same:
        if group.representations:
            firsts.setdefault(period.where, (period, group.representations[0]))
    extents = [extent_of(each.addressing, _length(mpd, period)) for period, each in firsts.values()]
    known = [extent for extent in extents if extent and extent.count]
    shape = _FORMATS.get(representation.get("mimeType").rpartition("/")[2], "")
    if not known:
        return Segments(0, shape)
    shortest = [extent.shortest for extent in known if extent.shortest is not None]
    longest = [extent.longest for extent in known if extent.longest is not None]
    count, total = sum(extent.count for extent in known), sum(extent.total for extent in known)
    return Segments(
        count,
        shape,
        min(shortest, default=None),
        max(longest, default=None),
        round(total / count, 3) if total else None,
    )


def _length(mpd: Mpd, period: Period) -> float | None:
    """A period's length, or, of a live one without an end, what can be played of it."""
    return period.duration if period.duration is not None else seconds(mpd.root.get("timeShiftBufferDepth"))


def _window(mpd: Mpd, now: datetime) -> Window:
    root = mpd.root
    edge = edge_of(mpd)
    timing = root.first("UTCTiming")
    return Window(
        length=seconds(root.get("timeShiftBufferDepth")),
        edge=edge,
        behind=round((now - edge).total_seconds(), 3) if edge else None,
        hold_back=seconds(root.get("suggestedPresentationDelay")),
        target_duration=seconds(root.get("maxSegmentDuration")),
        reload=seconds(root.get("minimumUpdatePeriod")),
        clock=timing.get("schemeIdUri") if timing else "",
    )


def edge_of(mpd: Mpd) -> datetime | None:
    """When the last segment of the last period's timeline ends; None where segments follow from the clock alone."""
    last = next((period for period in reversed(mpd.periods) if period.sets), None)
    if last is None or last.start is None or mpd.starts is None:
        return None
    distinct = {id(way.timeline): way for way in _listed(last)}
    ends = [extent.end for way in distinct.values() if (extent := extent_of(way, last.duration)) and extent.end]
    try:
        return mpd.starts + timedelta(seconds=last.start + max(ends)) if ends else None
    except OverflowError:
        return None


def _listed(period: Period) -> list[Addressing]:
    """How the first representation of each set is addressed, of those whose timeline lists what there is. Where its
    last step is repeated until the period ends, and that is not known, segments follow from the clock."""
    ways = [each.addressing for group in period.sets for each in group.representations[:1]]
    listing = [way for way in ways if way.timeline is not None]
    return [way for way in listing if period.duration is not None or not _goes_on(way)]


def _goes_on(way: Addressing) -> bool:
    return any(step.repeat < 0 for step in (way.timeline.steps if way.timeline else ())[-1:])


def longest_of(mpd: Mpd) -> float | None:
    """Seconds of the longest segment that the last period's timelines list; None where there is none."""
    last = next((period for period in reversed(mpd.periods) if period.sets), None)
    extents = [extent_of(way, last.duration) for way in _listed(last)] if last else []
    return max((each.longest for each in extents if each and each.longest), default=None)


def _encryption(root: Element) -> Iterator[Encryption]:
    for element in root.walk():
        told = element.all("ContentProtection")
        method = next((each.get("value") for each in told if each.get("schemeIdUri").lower() == _PROTECTION), "")
        systems = [each.get("schemeIdUri") for each in told if each.get("schemeIdUri").lower() != _PROTECTION]
        for system in systems:
            yield Encryption(method or "cenc", system_of(system))
        if told and not systems:
            yield Encryption(method or "cenc")


def _low_latency(root: Element) -> LowLatency | None:
    offsets, targets, chunked = [], [], False
    for element in root.walk():
        if (offset := decimal(element.get("availabilityTimeOffset"))) is not None:
            offsets.append(offset)
        if element.name == "Latency" and (milliseconds := integer(element.get("target"))) is not None:
            targets.append(milliseconds / 1000)
        chunked = chunked or element.get("availabilityTimeComplete") == "false"
    told = LowLatency(
        availability_time_offset=max(offsets, default=None), chunked=chunked, target_latency=min(targets, default=None)
    )
    return None if told == LowLatency() else told


_NAMED = {
    "ContentSteering": "content steering",
    "PatchLocation": "patches",
    "EventStream": "events",
    "InbandEventStream": "events",
    "Location": "a location of its own",
    "Preselection": "preselections",
}


def _features(mpd: Mpd) -> Iterator[str]:
    if len(mpd.periods) > 1:
        yield f"{len(mpd.periods)} periods"
    found = {_NAMED[element.name]: None for element in mpd.root.walk() if element.name in _NAMED}
    yield from found
    ways = {
        each.addressing.how: None for period in mpd.periods for group in period.sets for each in group.representations
    }
    yield from (way for way in ways if way)
    if any(name.endswith(":href") for element in mpd.root.walk() for name in element.attributes):
        yield "remote elements"
