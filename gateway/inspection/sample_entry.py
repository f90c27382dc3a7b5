"""The codec string (RFC 6381) of a track, by its sample description in an MP4."""

from __future__ import annotations

from gateway.inspection.codec import Codec

_AVC = (b"avc1", b"avc3", b"dva1", b"dvav")
_HEVC = (b"hvc1", b"hev1", b"dvh1", b"dvhe")
_BEFORE_BOXES = {"video": 78, "audio": 28}
"""Bytes of a sample entry before its boxes (ISO/IEC 14496-12, section 12)."""


def codec_of(data: bytes, entry: bytes, content: int, end: int, kind: str) -> Codec | None:
    """The codec of a sample entry of this type, whose content lies between two places."""
    body = data[content:end]
    entry = _original(body) or entry if entry in {b"encv", b"enca"} else entry
    name = entry.decode("latin-1")
    if not name.isprintable() or not name.strip():
        return None
    boxes = body[_BEFORE_BOXES.get(kind, 8) :]
    return Codec.read(name.strip() + _told(entry, boxes))


def _told(entry: bytes, boxes: bytes) -> str:
    """What the entry's own box adds to its name."""
    told = ""
    if entry in _AVC:
        record = _content(boxes, b"avcC")
        told = f".{record[1:4].hex()}" if len(record) >= 4 else ""
    elif entry in _HEVC:
        told = _hevc(_content(boxes, b"hvcC"))
    elif entry == b"mp4a":
        told = _mpeg4_audio(_content(boxes, b"esds"))
    elif entry == b"av01":
        told = _av1(_content(boxes, b"av1C"))
    elif entry == b"vp09":
        record = _content(boxes, b"vpcC")
        told = f".{record[4]:02d}.{record[5]:02d}.{record[6] >> 4:02d}" if len(record) >= 7 else ""
    return told


def _content(boxes: bytes, kind: bytes) -> bytes:
    """What a box among these holds; empty if it is not there."""
    at = 0
    while at + 8 <= len(boxes):
        size = int.from_bytes(boxes[at : at + 4], "big")
        if boxes[at + 4 : at + 8] == kind:
            return boxes[at + 8 : at + size]
        if size < 8:
            break
        at += size
    return b""


def _original(body: bytes) -> bytes:
    """What an encrypted entry was (``frma``, ISO/IEC 14496-12, section 8.12.2)."""
    at = body.find(b"frma")
    return body[at + 4 : at + 8] if at >= 0 else b""


def _hevc(record: bytes) -> str:
    """ISO/IEC 14496-15, annex E.3."""
    if len(record) < 13:
        return ""
    space = ("", "A", "B", "C")[record[1] >> 6]
    compatible = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if record[1] & 0x20 else "L"
    constraints = record[6:12].rstrip(b"\0")
    return f".{space}{record[1] & 31}.{compatible:X}.{tier}{record[12]}" + "".join(f".{byte:X}" for byte in constraints)


def _av1(record: bytes) -> str:
    """AV1 in ISOBMFF, section 2.3."""
    if len(record) < 3:
        return ""
    depth = 8 if not record[2] & 0x40 else (12 if record[2] & 0x20 else 10)
    return f".{record[1] >> 5}.{record[1] & 31:02d}{'H' if record[2] & 0x80 else 'M'}.{depth:02d}"


def _mpeg4_audio(record: bytes) -> str:
    """The object type of an ES descriptor, and of AAC the audio object type (ISO/IEC 14496-1, section 7.2.6)."""
    config = record.find(b"\x04", 5)
    if config < 0:
        return ""
    at = _behind_size(record, config + 1)
    kind = record[at : at + 1].hex()
    if kind != "40":
        return f".{kind.upper()}" if kind else ""
    if record[at + 13 : at + 14] != b"\x05":
        return ".40"
    specific = _behind_size(record, at + 14)
    first = int.from_bytes(record[specific : specific + 2], "big")
    audio = first >> 11
    return f".40.{32 + (first >> 5 & 63) if audio == 31 else audio}"


def _behind_size(record: bytes, at: int) -> int:
    """Where a descriptor's content starts: its size takes one to four bytes."""
    for _ in range(3):
        if record[at : at + 1] < b"\x80":
            break
        at += 1
    return at + 1
