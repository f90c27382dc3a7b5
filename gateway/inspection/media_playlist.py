"""HLS media playlists (draft-pantos-hls-rfc8216bis, sections 4.4.2 to 4.4.5): segments, keys, maps and parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.inspection.playlist import Playlist, Reference, Tag, decimal, integer, moment

MOST_KEYS = 16
"""Keys that are in force at once: one for each KEYFORMAT."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``length`` bytes from ``offset``; None where they follow those before them."""

    length: int
    offset: int | None

    @classmethod
    def read(cls, text: str) -> ByteRange | None:
        """``<length>[@<offset>]``, or None for anything else."""
        length, at, offset = text.partition("@")
        read, start = integer(length.strip()), integer(offset.strip())
        return None if read is None or (at and start is None) else cls(read, start)


@dataclass(frozen=True, slots=True)
class Key:
    """EXT-X-KEY: ``method`` is NONE where what follows is not encrypted."""

    line: int
    method: str
    uri: str
    key_format: str


@dataclass(frozen=True, slots=True)
class Map:
    """EXT-X-MAP: the Media Initialization Section."""

    line: int
    uri: str
    byte_range: ByteRange | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, with what is in force at it. ``line`` is that of its URI; ``duration`` is None where no EXTINF that
    can be read stands before it; ``date`` is its own EXT-X-PROGRAM-DATE-TIME; ``bitrate`` in bits a second."""

    line: int
    uri: str
    duration: float | None
    byte_range: ByteRange | None = None
    keys: tuple[Key, ...] = ()
    map: Map | None = None
    discontinuity: bool = False
    gap: bool = False
    date: datetime | None = None
    bitrate: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """EXT-X-PART: a partial segment."""

    line: int
    uri: str
    duration: float | None


@dataclass(frozen=True)
class MediaPlaylist:
    """What a media playlist says; what it does not say is None, or 0 for ``skipped``. ``playlist`` are its lines."""

    playlist: Playlist
    segments: tuple[Segment, ...]
    parts: tuple[Part, ...]
    keys: tuple[Key, ...]
    maps: tuple[Map, ...]
    version: int | None
    target_duration: int | None
    playlist_type: str
    ended: bool
    skipped: int
    server_control: Mapping[str, str]
    part_target: float | None

    @property
    def is_live(self) -> bool:
        """Whether there may be more to come."""
        return not self.ended and self.playlist_type != "VOD"

    @property
    def duration(self) -> float:
        """Seconds of all segments that are listed, and of the parts behind the last one."""
        listed = sum(segment.duration or 0.0 for segment in self.segments)
        last = self.segments[-1].line if self.segments else 0
        return listed + sum(part.duration or 0.0 for part in self.parts if part.line > last)

    @property
    def edge(self) -> datetime | None:
        """When what is listed ends, by the origin's clock, if it tells the time."""
        dated = next((at for at in reversed(range(len(self.segments))) if self.segments[at].date), None)
        if dated is None:
            return None
        since = sum(segment.duration or 0.0 for segment in self.segments[dated:])
        last = self.segments[-1].line
        since += sum(part.duration or 0.0 for part in self.parts if part.line > last)
        date = self.segments[dated].date
        try:
            return date and date + timedelta(seconds=since)
        except OverflowError:
            return None


def read_media_playlist(playlist: Playlist) -> MediaPlaylist:
    """Read what the lines say."""
    reader = _Reader()
    for entry in playlist.entries:
        if isinstance(entry, Reference):
            reader.segment(entry)
        elif (take := _TAKING.get(entry.name)) is not None:
            take(reader, entry)
    return MediaPlaylist(
        playlist=playlist,
        segments=tuple(reader.segments),
        parts=tuple(reader.parts),
        keys=tuple(reader.keys),
        maps=tuple(reader.maps),
        version=_number(playlist, "EXT-X-VERSION"),
        target_duration=_number(playlist, "EXT-X-TARGETDURATION"),
        playlist_type=next((tag.value.strip() for tag in playlist.tags("EXT-X-PLAYLIST-TYPE")), ""),
        ended=bool(playlist.tags("EXT-X-ENDLIST")),
        skipped=next((integer(tag["SKIPPED-SEGMENTS"]) or 0 for tag in playlist.tags("EXT-X-SKIP")), 0),
        server_control=next((tag.attributes for tag in playlist.tags("EXT-X-SERVER-CONTROL")), {}),
        part_target=next((decimal(tag["PART-TARGET"]) for tag in playlist.tags("EXT-X-PART-INF")), None),
    )


def _number(playlist: Playlist, name: str) -> int | None:
    return next((integer(tag.value.strip()) for tag in playlist.tags(name)), None)


@dataclass
class _Reader:
    """What is in force, and what stands before the next URI."""

    segments: list[Segment] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    maps: list[Map] = field(default_factory=list)
    _in_force: dict[str, Key] = field(default_factory=dict)
    _keys: tuple[Key, ...] = ()
    _map: Map | None = None
    _bitrate: int | None = None
    _duration: float | None = None
    _byte_range: ByteRange | None = None
    _date: datetime | None = None
    _discontinuity: bool = False
    _gap: bool = False

    def segment(self, reference: Reference) -> None:
        """A URI ends what belongs to one segment."""
        self.segments.append(
            Segment(
                reference.line,
                reference.uri,
                self._duration,
                self._byte_range,
                self._keys,
                self._map,
                self._discontinuity,
                self._gap,
                self._date,
                self._bitrate,
            )
        )
        self._duration = self._byte_range = self._date = None
        self._discontinuity = self._gap = False

    def inf(self, tag: Tag) -> None:
        self._duration = decimal(tag.value.partition(",")[0].strip())

    def range(self, tag: Tag) -> None:
        self._byte_range = ByteRange.read(tag.value.strip())

    def discontinues(self, _tag: Tag) -> None:
        self._discontinuity = True

    def gaps(self, _tag: Tag) -> None:
        self._gap = True

    def key(self, tag: Tag) -> None:
        key = Key(tag.line, tag["METHOD"], tag["URI"], tag["KEYFORMAT"] or "identity")
        self.keys.append(key)
        if key.method == "NONE":
            self._in_force.clear()
        elif len(self._in_force) < MOST_KEYS or key.key_format in self._in_force:
            self._in_force[key.key_format] = key
        self._keys = tuple(self._in_force.values())

    def map(self, tag: Tag) -> None:
        self._map = Map(tag.line, tag["URI"], ByteRange.read(tag["BYTERANGE"]))
        self.maps.append(self._map)

    def date(self, tag: Tag) -> None:
        self._date = moment(tag.value)

    def bitrate(self, tag: Tag) -> None:
        kilobits = integer(tag.value.strip())
        self._bitrate = None if kilobits is None else kilobits * 1000

    def part(self, tag: Tag) -> None:
        self.parts.append(Part(tag.line, tag["URI"], decimal(tag["DURATION"])))


_TAKING: dict[str, Callable[[_Reader, Tag], None]] = {
    "EXTINF": _Reader.inf,
    "EXT-X-BYTERANGE": _Reader.range,
    "EXT-X-DISCONTINUITY": _Reader.discontinues,
    "EXT-X-GAP": _Reader.gaps,
    "EXT-X-KEY": _Reader.key,
    "EXT-X-MAP": _Reader.map,
    "EXT-X-PROGRAM-DATE-TIME": _Reader.date,
    "EXT-X-BITRATE": _Reader.bitrate,
    "EXT-X-PART": _Reader.part,
}
