"""What bytes are, by the bytes themselves: what an origin says they are may be wrong."""

from __future__ import annotations

import enum
import re

from gateway.inspection import Kind as File
from gateway.inspection.file import kind_of_file
from gateway.manifests import Kind, kind_of

ENOUGH = 64 * 1024
"""Bytes of a body by which its form, and mostly its tracks, can be told."""

_BOX = re.compile(rb"[\x20-\x7e\xa9]{4}")
_TTML = re.compile(rb"(?:\xef\xbb\xbf)?+(?:\s+|<\?.*?\?>|<!--.*?-->)*+<(?:[A-Za-z_][\w.-]*+:)?tt[\s/>]", re.DOTALL)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Form(enum.Enum):
    """A form; its value completes "it is ..."."""

    HLS = "an HLS playlist"
    DASH = "a DASH manifest"
    TS = "MPEG-TS"
    ISO = "MP4"
    WEBM = "WebM"
    AUDIO = "audio"
    WEBVTT = "WebVTT"
    TTML = "TTML"
    HTML = "a web page"
    JSON = "JSON"
    XML = "XML"
    COMPRESSED = "compressed bytes"
    IMAGE = "an image"
    TEXT = "text"
    BYTES = "bytes of no form that is known"
    EMPTY = "nothing at all"

    @property
    def is_media(self) -> bool:
        """Whether a segment may be of this form."""
        return self in {Form.TS, Form.ISO, Form.WEBM, Form.AUDIO, Form.WEBVTT, Form.TTML}

    @property
    def is_message(self) -> bool:
        """Whether it is more likely said to people or programs than played."""
        return self in {Form.HTML, Form.JSON, Form.XML, Form.TEXT}


def form_of(start: bytes) -> Form:
    """The form of a body that begins with these bytes, undone of any content coding."""
    if not start:
        return Form.EMPTY
    if kind := kind_of("", start):
        return {Kind.HLS: Form.HLS, Kind.DASH: Form.DASH}[kind]
    return _OF_FILES.get(kind_of_file(start, "")) or _other_form(start)


_OF_FILES = {
    File.MP4: Form.ISO,
    File.MPEG_TS: Form.TS,
    File.WEBM: Form.WEBM,
    File.AUDIO: Form.AUDIO,
    File.SUBTITLES: Form.WEBVTT,
    File.IMAGE: Form.IMAGE,
    File.HTML: Form.HTML,
}


def _other_form(start: bytes) -> Form:
    if start.startswith(b"\x1f\x8b"):
        return Form.COMPRESSED
    if _BINARY.search(start[:1024]):
        return Form.BYTES
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return Form.JSON
    if _TTML.match(start):
        return Form.TTML
    return Form.XML if text.startswith(b"<") else Form.TEXT


def boxes(start: bytes) -> tuple[str, ...]:
    """The types of the top boxes (ISO/IEC 14496-12, section 4.2) that begin within these bytes."""
    found: list[str] = []
    at = 0
    while at + 8 <= len(start) and _BOX.fullmatch(start, at + 4, at + 8):
        size = int.from_bytes(start[at : at + 4])
        found.append(start[at + 4 : at + 8].decode("latin-1"))
        if size == 1 and at + 16 <= len(start):
            size = int.from_bytes(start[at + 8 : at + 16])
        if size < 8:
            break
        at += size
    return tuple(found)


def has_tracks(start: bytes) -> bool:
    """Whether the beginning of a WebM tells what tracks there are (RFC 9559, section 5.1.4), as media does not."""
    return start.startswith(b"\x1a\x45\xdf\xa3") and b"\x16\x54\xae\x6b" in start


def iso_end(start: bytes) -> int | None:
    """Where the last box ends whose head lies within these bytes; None if one ends where the file does."""
    at = 0
    while at + 8 <= len(start):
        size = int.from_bytes(start[at : at + 4])
        if size == 1 and at + 16 <= len(start):
            size = int.from_bytes(start[at + 8 : at + 16])
        if size < 8:
            return None
        at += size
    return at
