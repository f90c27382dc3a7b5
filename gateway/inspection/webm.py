"""WebM and Matroska (RFC 9559, in EBML, RFC 8794) by their head: tracks, codecs, duration, size.

Elements are stepped over by their sizes, a few thousand of them at most, and never further than what was read. A size
is what a file says: none is allocated or waited for.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.inspection.codec import Codec
from gateway.inspection.mp4 import Handler
from gateway.inspection.webm_codec import codec_of

MOST_ELEMENTS = 4000
MOST_TRACKS = 100
_SEGMENT, _INFO, _TRACKS, _CLUSTER, _CHAPTERS = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1043A770
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_ENTRY, _NUMBER, _TYPE, _CODEC, _PRIVATE, _FRAME_TIME = 0xAE, 0xD7, 0x83, 0x86, 0x63A2, 0x23E383
_NAME, _LANGUAGE, _LANGUAGE_BCP47, _DEFAULT, _FORCED = 0x536E, 0x22B59C, 0x22B59D, 0x88, 0x55AA
_VIDEO, _WIDTH, _HEIGHT, _COLOUR, _TRANSFER = 0xE0, 0xB0, 0xBA, 0x55B0, 0x55BA
_AUDIO, _CHANNELS = 0xE1, 0x9F
_CODINGS, _CODING, _CODING_ENCRYPTION = 0x6D80, 0x6240, 0x5035
_SIMPLE_BLOCK, _GROUP, _BLOCK = 0xA3, 0xA0, 0xA1
_HANDLERS: dict[int, Handler] = {1: "video", 2: "audio", 17: "text"}


@dataclass(frozen=True, slots=True)
class WebmTrack:
    """A track (section 5.1.4.1); ``width``, ``height`` and ``channels`` are 0 and ``frame_rate`` None where not told.
    ``transfer`` is the number of the transfer characteristics (ISO/IEC 23091-4), 2 where not told."""

    handler: Handler
    codec: Codec | None
    width: int = 0
    height: int = 0
    frame_rate: float | None = None
    channels: int = 0
    transfer: int = 2
    language: str = ""
    name: str = ""
    is_default: bool = False
    is_forced: bool = False
    is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Webm:
    """``duration`` in seconds, None where it is not told, as in a live recording; ``end`` is where the segment says
    that it ends, None where it does not say."""

    tracks: tuple[WebmTrack, ...] = ()
    duration: float | None = None
    end: int | None = None
    has_chapters: bool = False


@dataclass(frozen=True, slots=True)
class _Element:
    """An element, and where its content starts and ends; ``end`` is None where its size is unknown, and may lie behind
    what was read."""

    id: int
    content: int
    end: int | None


def read_webm(start: bytes) -> Webm:
    """Read what the first bytes of a file say. Never raises."""
    segment = next((each for each in _elements(start, 0, len(start)) if each.id == _SEGMENT), None)
    if segment is None:
        return Webm()
    entries: list[_Element] = []
    duration, frames, has_chapters = None, dict[int, bytes](), False
    for element in _elements(start, segment.content, segment.end):
        if element.id == _INFO:
            duration = _length(start, element)
        elif element.id == _TRACKS:
            entries += [each for each in _children(start, element) if each.id == _ENTRY]
        elif element.id == _CHAPTERS:
            has_chapters = True
        elif element.id == _CLUSTER:
            frames = _first_frames(start, element)
            break
    tracks = tuple(_track(start, entry, frames) for entry in entries[:MOST_TRACKS])
    return Webm(tracks, duration, segment.end, has_chapters)


def _elements(data: bytes, at: int, end: int | None) -> Iterator[_Element]:
    """The elements between two places, as far as their heads were read (RFC 8794, section 6.1). Behind one of unknown
    size there is nothing that could be found without reading through it."""
    limit = min(len(data), len(data) if end is None else end)
    for _ in range(MOST_ELEMENTS):
        name, at = _variable(data, at, limit, 4, keeps_marker=True)
        size, at = _variable(data, at, limit, 8)
        if name is None or size is None:
            return
        yield _Element(name, at, at + size if size >= 0 else None)
        if size < 0:
            return
        at += size


def _variable(data: bytes, at: int, limit: int, most: int, *, keeps_marker: bool = False) -> tuple[int | None, int]:
    """A variable-size integer (RFC 8794, section 4) of ``most`` bytes, and where it ends: None if there is none, -1 if
    all of its bits are set, which is a size that is not known (section 6.2)."""
    if at >= limit or not data[at]:
        return None, at
    length = 9 - data[at].bit_length()
    if length > most or at + length > limit:
        return None, at
    whole = int.from_bytes(data[at : at + length], "big")
    value = whole & ((1 << 7 * length) - 1)
    if keeps_marker:
        return whole, at + length
    return (-1 if value == (1 << 7 * length) - 1 else value), at + length


def _children(data: bytes, parent: _Element) -> Iterator[_Element]:
    return _elements(data, parent.content, parent.end)


def _inside(data: bytes, parent: _Element | None) -> Mapping[int, _Element]:
    """The first child of each id, so that a long list of them is gone through once."""
    found: dict[int, _Element] = {}
    for child in _children(data, parent) if parent else ():
        found.setdefault(child.id, child)
    return found


def _bytes(data: bytes, element: _Element | None) -> bytes:
    """The content; empty where there is none, or not all of it was read."""
    if element is None or element.end is None or element.end > len(data):
        return b""
    return data[element.content : element.end]


def _number(data: bytes, inside: Mapping[int, _Element], name: int, absent: int = 0) -> int:
    """An unsigned integer of up to eight bytes (RFC 8794, section 7.2)."""
    content = _bytes(data, inside.get(name))
    return int.from_bytes(content, "big") if 0 < len(content) <= 8 else absent


def _text(data: bytes, inside: Mapping[int, _Element], name: int) -> str:
    """A string, which ends at its first zero if it has one (RFC 8794, section 13)."""
    return _bytes(data, inside.get(name))[:1000].partition(b"\0")[0].decode("utf-8", "replace")


def _length(data: bytes, info: _Element) -> float | None:
    """Seconds, by Duration in ticks of TimestampScale nanoseconds (section 5.1.2)."""
    inside = _inside(data, info)
    told = _bytes(data, inside.get(_DURATION))
    shape = {4: ">f", 8: ">d"}.get(len(told))
    ticks = struct.unpack(shape, told)[0] if shape else 0.0
    seconds = ticks * _number(data, inside, _SCALE, 1_000_000) / 1e9
    return round(seconds, 3) if math.isfinite(seconds) and seconds > 0 else None


def _first_frames(data: bytes, cluster: _Element) -> dict[int, bytes]:
    """The beginning of each track's first frame in a cluster, by the track's number (section 10.1)."""
    found: dict[int, bytes] = {}
    for element in _children(data, cluster):
        block = _inside(data, element).get(_BLOCK) if element.id == _GROUP else element
        if block is None or block.id not in {_SIMPLE_BLOCK, _BLOCK} or block.end is None:
            continue
        number, at = _variable(data, block.content, min(block.end, len(data)), 8)
        flags = data[at + 2 : at + 3]
        if number is not None and flags and not flags[0] & 0x06:  # laced frames have their sizes first
            found.setdefault(number, data[at + 3 : min(at + 35, block.end)])
    return found


def _track(data: bytes, entry: _Element, frames: Mapping[int, bytes]) -> WebmTrack:
    told = _inside(data, entry)
    video, audio = _inside(data, told.get(_VIDEO)), _inside(data, told.get(_AUDIO))
    handler = _HANDLERS.get(_number(data, told, _TYPE), "other")
    nanoseconds = _number(data, told, _FRAME_TIME)
    codings = told.get(_CODINGS)
    is_encrypted = codings is not None and any(
        each.id == _CODING and _CODING_ENCRYPTION in _inside(data, each) for each in _children(data, codings)
    )
    frame = b"" if is_encrypted else frames.get(_number(data, told, _NUMBER), b"")
    language = _text(data, told, _LANGUAGE_BCP47) or _text(data, told, _LANGUAGE) or "eng"  # its default
    return WebmTrack(
        handler=handler,
        codec=codec_of(_text(data, told, _CODEC), handler, _bytes(data, told.get(_PRIVATE)), frame),
        width=_number(data, video, _WIDTH),
        height=_number(data, video, _HEIGHT),
        frame_rate=round(1e9 / nanoseconds, 3) if nanoseconds and handler == "video" else None,
        channels=_number(data, audio, _CHANNELS, 1) if _AUDIO in told else 0,
        transfer=_number(data, _inside(data, video.get(_COLOUR)), _TRANSFER, 2),
        language="" if language == "und" else language,
        name=_text(data, told, _NAME),
        is_default=bool(_number(data, told, _DEFAULT, 1)),
        is_forced=bool(_number(data, told, _FORCED)),
        is_encrypted=is_encrypted,
    )
