"""The live stream: which frames of which rendition play when.

Times are seconds since the epoch, or seconds since `BEGINNING` where they are called media times. Segment N covers the
media times from ``N * SEGMENT`` on, and is cut into `PARTS` parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from demo.live.fragment import fragment
from demo.live.track import Frame, Track, read_track

BEGINNING = 1_767_225_600
"""2026-01-01T00:00:00Z. Media times stay small enough for every player, and are the same for all who ask."""

LOOP = 40
SEGMENT = 4
PARTS = 4
PART = SEGMENT / PARTS
WINDOW = 15
"""Segments that a playlist holds: a minute."""

KEPT = 2 * WINDOW
"""Segments that can be had: a player may be as long behind as its playlist was (RFC 8216bis, section 6.2.2)."""


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A part of a segment. Places are in the order in which they are played."""

    segment: int
    part: int

    @property
    def next(self) -> Place:
        """The part after it."""
        return Place(self.segment, self.part + 1) if self.part + 1 < PARTS else Place(self.segment + 1, 0)

    @property
    def there_at(self) -> float:
        """When it is complete."""
        return BEGINNING + self.segment * SEGMENT + (self.part + 1) * PART


def newest(now: float) -> Place:
    """The last part that is complete."""
    complete = int((now - BEGINNING) / PART)
    return Place((complete - 1) // PARTS, (complete - 1) % PARTS)


def last_whole(place: Place) -> int:
    """The last segment that is complete when a part is the newest."""
    return place.segment if place.part == PARTS - 1 else place.segment - 1


@dataclass(frozen=True)
class Rendition:
    """One track of the stream, under its name."""

    name: str
    track: Track

    def part(self, place: Place) -> bytes:
        """A part, as a fragment of its own."""
        first, frames = self._span(place)
        return fragment(self.track, place.segment * PARTS + place.part + 1, first * self.track.frame_ticks, frames)

    def segment(self, number: int) -> bytes:
        """A segment: its parts, one after the other."""
        return b"".join(self.part(Place(number, part)) for part in range(PARTS))

    def seconds(self, place: Place) -> float:
        """How long a part lasts: whole frames, and so not all the same in audio."""
        return len(self._span(place)[1]) * self.track.frame_ticks / self.track.timescale

    def is_independent(self, place: Place) -> bool:
        """Whether a player can start with this part."""
        return self._span(place)[1][0].independent

    def bits_per_second(self) -> tuple[int, int]:
        """The peak over the segments of the loop, and the mean."""
        sizes = [len(self.segment(number)) for number in range(LOOP // SEGMENT)]
        return max(sizes) * 8 // SEGMENT, sum(sizes) * 8 // LOOP

    def _span(self, place: Place) -> tuple[int, tuple[Frame, ...]]:
        """The number of a part's first frame, and its frames."""
        each = SEGMENT * self.track.timescale // self.track.frame_ticks
        start, end = (place.segment * each + part * each // PARTS for part in (place.part, place.part + 1))
        loop = self.track.frames
        return start, tuple(loop[number % len(loop)] for number in range(start, end))


@cache
def renditions(media: Path) -> Mapping[str, Rendition]:
    """The stream's renditions by name, from the demo's media, which are read the first time somebody asks."""
    tracks = {"360p": "0", "180p": "1", "audio": "2"}
    return {name: Rendition(name, read_track(media / "dash", number, LOOP)) for name, number in tracks.items()}
