"""What bytes are, by the bytes themselves: what an origin says they are may be wrong."""

from __future__ import annotations

import enum
import re

from gateway.manifests import Kind, kind_of

ENOUGH = 64 * 1024
"""Bytes of a body by which its form, and mostly its tracks, can be told."""

TS_PACKET = 188
"""Bytes of a packet of MPEG-TS (ISO/IEC 13818-1, section 2.4.3.2)."""

_BOX = re.compile(rb"[\x20-\x7e\xa9]{4}")
_ISO_FIRST = frozenset({b"ftyp", b"styp", b"moof", b"moov", b"sidx", b"mdat", b"emsg", b"prft", b"free", b"skip"})
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|script)\b", re.IGNORECASE | re.DOTALL
)
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Form(enum.Enum):
    """A form; its value completes "it is ..."."""

    HLS = "an HLS playlist"
    DASH = "a DASH manifest"
    TS = "MPEG-TS"
    ISO = "MP4"
    AUDIO = "packed audio"
    WEBVTT = "WebVTT"
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
        return self in {Form.TS, Form.ISO, Form.AUDIO, Form.WEBVTT}

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
    return _media_form(start) or _text_form(start)


def _media_form(start: bytes) -> Form | None:
    if start[:1] == b"\x47" and all(start[at : at + 1] in {b"\x47", b""} for at in (TS_PACKET, 2 * TS_PACKET)):
        return Form.TS
    if len(start) >= 8 and start[4:8] in _ISO_FIRST:
        return Form.ISO
    if start.startswith(b"ID3") or (start[0] == 0xFF and len(start) > 1 and start[1] & 0xE0 == 0xE0):
        return Form.IMAGE if start.startswith(_IMAGES) else Form.AUDIO
    if start.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        return Form.WEBVTT
    if start.startswith(b"\x1f\x8b"):
        return Form.COMPRESSED
    return Form.IMAGE if start.startswith(_IMAGES) else None


def _text_form(start: bytes) -> Form:
    if _HTML.match(start):
        return Form.HTML
    if _BINARY.search(start[:1024]):
        return Form.BYTES
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return Form.JSON
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
