"""MP4 (ISO/IEC 14496-12) by its head: tracks, codecs, duration, size, and whether the index stands in front.

A file of gigabytes is told by its first kilobytes, or by those and the ``moov`` at its end. Boxes are stepped over by
their sizes, never deeper than a track's sample description, and no more than a few thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.inspection.codec import Codec
from gateway.inspection.sample_entry import Described, read_entry

MOST_BOXES = 4000
MOST_TRACKS = 100
_TOP = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"emsg", b"prft", b"uuid"}
)
Handler = Literal["video", "audio", "text", "other"]
_HANDLERS: dict[bytes, Handler] = {
    b"vide": "video",
    b"soun": "audio",
    b"text": "text",
    b"sbtl": "text",
    b"subt": "text",
    b"clcp": "text",
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and where its content starts and ends in the file; ``end`` may lie behind what was read."""

    type: bytes
    start: int
    content: int
    end: int


@dataclass(frozen=True, slots=True)
class Track:
    """A track; ``duration`` in seconds; ``width`` and ``height`` of pictures in pixels as they are coded, ``samples``
    how many its sample table has, ``channels`` of sound, ``number`` by which others refer to it: each of these is 0
    where it is not told. ``transfer`` is 2 there; ``chapters`` are the tracks that name its chapters."""

    handler: Handler
    codec: Codec | None
    duration: float | None
    width: int = 0
    height: int = 0
    samples: int = 0
    language: str = ""
    is_encrypted: bool = False
    channels: int = 0
    transfer: int = 2
    number: int = 0
    chapters: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Movie:
    """``tracks`` without those that name chapters; ``fragmented`` if samples come in fragments; ``index_first`` is None
    where no index has been seen; ``moov_at`` is where the box behind the media starts, if the index was not among the
    bytes that were read; ``end`` is where the last box ends whose head was read."""

    tracks: tuple[Track, ...]
    duration: float | None
    fragmented: bool
    index_first: bool | None
    moov_at: int | None = None
    end: int = 0
    has_chapters: bool = False


def is_mp4(start: bytes) -> bool:
    """Whether a file that starts like this is MP4."""
    return len(start) >= 8 and start[4:8] in _TOP and int.from_bytes(start[:4], "big") not in range(2, 8)


def read_mp4(start: bytes, offset: int = 0, total: int | None = None) -> Movie:
    """Read what ``start``, which stands at ``offset`` of a file of ``total`` bytes, says. Never raises."""
    moov: Box | None = None
    fragmented = media_before = False
    missing: int | None = None
    last = 0
    for box in _boxes(start, 0, max((total or 0) - offset, len(start))):
        last = offset + box.end
        fragmented = fragmented or box.type in {b"moof", b"styp", b"sidx"}
        media_before = media_before or (box.type == b"mdat" and moov is None)
        if box.type == b"moov":
            moov = box
        if box.end >= len(start) and moov is None:
            missing = offset + (box.start if box.type == b"moov" else box.end)
    if moov is None:
        return Movie((), None, fragmented, None, None if fragmented else missing, last)
    inside = list(_boxes(start, moov.content, moov.end))
    fragmented = fragmented or any(box.type == b"mvex" for box in inside)
    tracks = [_track(start, box) for box in inside if box.type == b"trak"][:MOST_TRACKS]
    told = next((_length(start, box) for box in inside if box.type == b"mvhd"), None)
    cut = offset + moov.start if moov.end > len(start) else None
    longest = max((track.duration or 0.0 for track in tracks), default=0.0)
    chapters = {number for track in tracks for number in track.chapters}
    played = tuple(track for track in tracks if track.number not in chapters)
    in_front = not (media_before or offset)
    return Movie(played, told or longest or None, fragmented, in_front, cut, last, len(played) < len(tracks))


def _boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places, as far as their heads were read (section 4.2)."""
    for _ in range(MOST_BOXES):
        if at + 8 > min(len(data), end):
            return
        size, content = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, content = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        if size == 0:
            size = end - at
        if size < content - at:
            return  # no box at all
        yield Box(data[at + 4 : at + 8], at, content, at + size)
        at += size


def _inside(data: bytes, box: Box, *path: bytes) -> Box | None:
    """The first box down a path of types."""
    for kind in path:
        found = next((each for each in _boxes(data, box.content, min(box.end, len(data))) if each.type == kind), None)
        if found is None:
            return None
        box = found
    return box


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _length(data: bytes, box: Box) -> float | None:
    """Seconds, by an mvhd or mdhd (sections 8.2.2 and 8.4.2)."""
    wide = data[box.content : box.content + 1] == b"\x01"
    scale = _number(data, box.content + (20 if wide else 12), 4)
    length = _number(data, box.content + (24 if wide else 16), 8 if wide else 4)
    unknown = length == (1 << (64 if wide else 32)) - 1
    return round(length / scale, 3) if scale and length and not unknown else None


def _track(data: bytes, trak: Box) -> Track:
    mdia = _inside(data, trak, b"mdia")
    if mdia is None:
        return Track("other", None, None)
    header, handler = _inside(data, mdia, b"mdhd"), _inside(data, mdia, b"hdlr")
    kind = _HANDLERS.get(data[handler.content + 8 : handler.content + 12], "other") if handler else "other"
    table = _inside(data, mdia, b"minf", b"stbl")
    description = _inside(data, table, b"stsd") if table else None
    entry = next(_boxes(data, description.content + 8, min(description.end, len(data))), None) if description else None
    sizes = _inside(data, table, b"stsz") if table else None
    is_video = entry is not None and kind == "video"
    body = data[entry.content : entry.end] if entry else b""
    described = read_entry(entry.type, body, kind) if entry else Described()
    return Track(
        handler=kind,
        codec=described.codec,
        duration=_length(data, header) if header else None,
        width=_number(data, entry.content + 24, 2) if entry and is_video else 0,
        height=_number(data, entry.content + 26, 2) if entry and is_video else 0,
        samples=_number(data, sizes.content + 8, 4) if sizes else 0,
        language=_language(data, header) if header else "",
        is_encrypted=bool(entry and entry.type in {b"encv", b"enca"}),
        channels=described.channels,
        transfer=described.transfer,
        number=_track_number(data, trak),
        chapters=_chapters(data, trak),
    )


def _track_number(data: bytes, trak: Box) -> int:
    """Of a track header (section 8.3.2)."""
    header = _inside(data, trak, b"tkhd")
    if header is None:
        return 0
    wide = data[header.content : header.content + 1] == b"\x01"
    return _number(data, header.content + (20 if wide else 12), 4)


def _chapters(data: bytes, trak: Box) -> tuple[int, ...]:
    """The numbers of the tracks that name a track's chapters: references as in section 8.3.3, of QuickTime's kind."""
    told = _inside(data, trak, b"tref", b"chap")
    if told is None:
        return ()
    end = min(told.end, len(data), told.content + 4 * MOST_TRACKS)
    return tuple(_number(data, at, 4) for at in range(told.content, end - 3, 4))


def _language(data: bytes, header: Box) -> str:
    """Three letters of five bits each (section 8.4.2.3); empty where it is not told."""
    wide = data[header.content : header.content + 1] == b"\x01"
    packed = _number(data, header.content + (32 if wide else 20), 2)
    letters = "".join(chr((packed >> shift & 31) + 0x60) for shift in (10, 5, 0))
    return letters if letters.isalpha() and letters != "und" else ""
