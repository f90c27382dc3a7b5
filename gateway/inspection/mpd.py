"""DASH manifests (ISO/IEC 23009-1) as frozen values: periods, adaptation sets, representations, with what is inherited
filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.inspection.playlist import decimal, integer, moment
from gateway.inspection.xml_tree import Document, Element
from gateway.manifests.duration import seconds

_HOW = ("SegmentTemplate", "SegmentList", "SegmentBase")
_TOLD_OF_SEGMENTS = ("media", "initialization", "timescale", "duration", "startNumber", "presentationTimeOffset")
LONGEST = 1024
"""Characters of a template; the rest is not read."""

MOST = 2000
"""Representations of one manifest, and periods; more are not read."""

_INHERITED = ("mimeType", "codecs", "width", "height", "frameRate", "contentType", "audioSamplingRate")


@dataclass(frozen=True, slots=True)
class Step:
    """An S of a SegmentTimeline, in ticks: ``repeat`` more of the same follow, until the next or the end if below 0."""

    time: int | None
    duration: int
    repeat: int


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """A SegmentTimeline, which many representations may share."""

    steps: tuple[Step, ...]

    @classmethod
    def read(cls, element: Element) -> Timeline:
        """Read its S elements."""
        return cls(tuple(_step(each) for each in element.all("S")))


@dataclass(frozen=True, slots=True)
class Addressing:
    """How the segments of a representation are found: ``how`` is the element's name, empty if there is none;
    ``attributes`` those of all levels together, the deepest first; ``timescale`` ticks a second, ``urls`` how many a
    SegmentList names, ``timeline`` None where there is none."""

    how: str
    attributes: Mapping[str, str]
    timescale: int
    duration: int | None
    timeline: Timeline | None
    urls: int = 0

    @property
    def media(self) -> str:
        """The template of the segments' URLs."""
        return self.attributes.get("media", "")


@dataclass(frozen=True, slots=True)
class Representation:
    """One encoding. ``attributes`` are its own, and what it inherits of its adaptation set's."""

    element: Element
    attributes: Mapping[str, str]
    addressing: Addressing
    where: str

    def get(self, name: str) -> str:
        """An attribute's value; empty if it is absent."""
        return self.attributes.get(name, "").strip()

    def number(self, name: str) -> int | None:
        """An attribute that is a whole number, or None."""
        return integer(self.get(name))


@dataclass(frozen=True, slots=True)
class AdaptationSet:
    """Representations that a player may switch between; ``kind`` is video, audio, text, image, or empty."""

    element: Element
    kind: str
    representations: tuple[Representation, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time; ``start`` and ``duration`` in seconds, where they are told or follow from its neighbours."""

    element: Element
    start: float | None
    duration: float | None
    sets: tuple[AdaptationSet, ...]
    where: str


@dataclass(frozen=True)
class Mpd:
    """A manifest; ``trouble`` says what is wrong with the rest of it, if anything, ``is_cut`` that there is more."""

    root: Element
    periods: tuple[Period, ...]
    trouble: str = ""
    is_cut: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it is dynamic: there may be more to come, and there is a time for each segment."""
        return self.root.get("type") == "dynamic"

    @property
    def duration(self) -> float | None:
        """Seconds of the whole, if that is told or the last period's end is."""
        told = seconds(self.root.get("mediaPresentationDuration"))
        last = self.periods[-1] if self.periods else None
        if told is None and last and last.start is not None and last.duration is not None:
            return last.start + last.duration
        return told

    @property
    def starts(self) -> datetime | None:
        """``availabilityStartTime``."""
        return moment(self.root.get("availabilityStartTime"))


def read_mpd(document: Document) -> Mpd:
    """Read a tree whose root is an MPD. Never raises: what cannot be read is not told."""
    root = document.root or Element("MPD", {})
    reader = _Reader()
    elements = root.all("Period")[:MOST]
    starts = _starts(elements, live=root.get("type") == "dynamic")
    ends = [*starts[1:], seconds(root.get("mediaPresentationDuration"))]
    periods = [reader.period(number, *each) for number, each in enumerate(zip(elements, starts, ends, strict=False), 1)]
    is_cut = document.is_cut or reader.left < 0 or len(elements) == MOST
    return Mpd(root, tuple(periods), document.trouble, is_cut)


def _starts(elements: Sequence[Element], *, live: bool) -> list[float | None]:
    """Where each period starts (section 5.3.2.1): told, or at the end of the one before, or, the first, at zero."""
    starts: list[float | None] = []
    end: float | None = None if live else 0.0
    for element in elements:
        told = seconds(element.get("start"))
        start = end if told is None else told
        length = seconds(element.get("duration"))
        end = None if start is None or length is None else start + length
        starts.append(start)
    return starts


class _Reader:
    """Reads periods, with a bound on all representations together; what they share is read once."""

    def __init__(self) -> None:
        self.left = MOST
        self._timelines: dict[int, Timeline] = {}

    def period(self, number: int, element: Element, start: float | None, end: float | None) -> Period:
        """A period and all within."""
        told = seconds(element.get("duration"))
        length = told if told is not None or start is None or end is None else max(end - start, 0.0)
        where = f"Period {number}"
        sets = [
            self._set(f"{where}, AdaptationSet {at}", each, element)
            for at, each in enumerate(element.all("AdaptationSet")[: self.left + 1], 1)
        ]
        return Period(element, start, length, tuple(sets), where)

    def _set(self, where: str, element: Element, period: Element) -> AdaptationSet:
        own = {name: element.get(name) for name in _INHERITED if element.get(name)}
        found = []
        for at, each in enumerate(element.all("Representation"), 1):
            self.left -= 1
            if self.left < 0:
                break
            addressing = self._addressing((each, element, period))
            found.append(Representation(each, {**own, **each.attributes}, addressing, f"{where}, Representation {at}"))
        told = element.get("contentType") or element.get("mimeType") or (found[0].get("mimeType") if found else "")
        kind = told.partition("/")[0].lower()
        return AdaptationSet(element, "text" if kind == "application" else kind, tuple(found), where)

    def _addressing(self, levels: Sequence[Element]) -> Addressing:
        """What is told at the level of the representation, its set and its period, the nearest first."""
        how = next((name for name in _HOW if any(level.first(name) for level in levels)), "")
        found = [told for level in levels if (told := level.first(how)) is not None]
        attributes = {
            name: told.get(name)[:LONGEST] for told in reversed(found) for name in _TOLD_OF_SEGMENTS if told.get(name)
        }
        timelines = (told.first("SegmentTimeline") for told in found)
        timeline = next((each for each in timelines if each is not None), None)
        urls = next((told.all("SegmentURL") for told in found if told.first("SegmentURL")), [])
        timescale = integer(attributes.get("timescale", "1"))
        return Addressing(
            how,
            attributes,
            1 if timescale is None else timescale,
            integer(attributes.get("duration", "")),
            None if timeline is None else self._timeline(timeline),
            len(urls),
        )

    def _timeline(self, element: Element) -> Timeline:
        if id(element) not in self._timelines:
            self._timelines[id(element)] = Timeline.read(element)
        return self._timelines[id(element)]


def _step(element: Element) -> Step:
    repeat = decimal(element.get("r")) or 0
    return Step(integer(element.get("t")), integer(element.get("d")) or 0, int(repeat))
