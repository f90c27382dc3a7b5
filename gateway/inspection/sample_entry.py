"""The codec string (RFC 6381), the channels and the transfer of a track, by its sample description in an MP4."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.inspection.codec import Codec

_AVC = (b"avc1", b"avc3", b"dva1", b"dvav")
_HEVC = (b"hvc1", b"hev1", b"dvh1", b"dvhe")
_BEFORE_BOXES = {"video": 78, "audio": 28}
"""Bytes of a sample entry before its boxes (ISO/IEC 14496-12, section 12)."""


@dataclass(frozen=True, slots=True)
class Described:
    """``channels`` is 0 and ``transfer``, a number of ISO/IEC 23091-4, 2 where it is not told."""

    codec: Codec | None = None
    channels: int = 0
    transfer: int = 2


def read_entry(entry: bytes, body: bytes, kind: str) -> Described:
    """What a sample entry of this type says, by its content."""
    entry = _original(body) or entry if entry in {b"encv", b"enca"} else entry
    boxes = body[_BEFORE_BOXES.get(kind, 8) :]
    name = entry.decode("latin-1")
    is_named = name.isprintable() and bool(name.strip())
    codec = Codec.read(name.strip() + _told(entry, boxes)) if is_named else None
    return Described(
        codec,
        _channels(entry, boxes, int.from_bytes(body[16:18], "big")) if kind == "audio" else 0,
        _transfer(entry, boxes) if kind == "video" else 2,
    )


def _told(entry: bytes, boxes: bytes) -> str:
    """What the entry's own box adds to its name."""
    told = ""
    if entry in _AVC:
        told = avc(_content(boxes, b"avcC"))
    elif entry in _HEVC:
        told = hevc(_content(boxes, b"hvcC"))
    elif entry == b"mp4a":
        told = _mpeg4_audio(_content(boxes, b"esds"))
    elif entry == b"av01":
        told = av1(_content(boxes, b"av1C"))
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


def avc(record: bytes) -> str:
    """Profile, constraints and level (ISO/IEC 14496-15, annex E.2)."""
    return f".{record[1:4].hex()}" if len(record) >= 4 else ""


def hevc(record: bytes) -> str:
    """ISO/IEC 14496-15, annex E.3."""
    if len(record) < 13:
        return ""
    space = ("", "A", "B", "C")[record[1] >> 6]
    compatible = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    tier = "H" if record[1] & 0x20 else "L"
    constraints = record[6:12].rstrip(b"\0")
    return f".{space}{record[1] & 31}.{compatible:X}.{tier}{record[12]}" + "".join(f".{byte:X}" for byte in constraints)


def av1(record: bytes) -> str:
    """AV1 in ISOBMFF, section 2.3."""
    if len(record) < 3:
        return ""
    depth = 8 if not record[2] & 0x40 else (12 if record[2] & 0x20 else 10)
    return f".{record[1] >> 5}.{record[1] & 31:02d}{'H' if record[2] & 0x80 else 'M'}.{depth:02d}"


def _mpeg4_audio(record: bytes) -> str:
    """The object type of an ES descriptor, and of AAC the audio object type (ISO/IEC 14496-1, section 7.2.6)."""
    kind, config = _decoder(record)
    if kind != "40":
        return f".{kind.upper()}" if kind else ""
    return f".40{audio_object(config)}"


def _decoder(record: bytes) -> tuple[str, bytes]:
    """The object type in hexadecimal that an ES descriptor tells, and what is special to its decoder."""
    config = record.find(b"\x04", 5)
    if config < 0:
        return "", b""
    at = _behind_size(record, config + 1)
    kind = record[at : at + 1].hex()
    if record[at + 13 : at + 14] != b"\x05":
        return kind, b""
    return kind, record[_behind_size(record, at + 14) :]


def _behind_size(record: bytes, at: int) -> int:
    """Where a descriptor's content starts: its size takes one to four bytes."""
    for _ in range(3):
        if record[at : at + 1] < b"\x80":
            break
        at += 1
    return at + 1


def audio_object(config: bytes) -> str:
    """The audio object type of an AudioSpecificConfig (ISO/IEC 14496-3, section 1.6.2.1)."""
    return f".{_audio_object(config)[0]}" if len(config) >= 2 else ""


def _audio_object(config: bytes) -> tuple[int, int]:
    """The audio object type, and at which bit it ends."""
    first = int.from_bytes(config[:2], "big")
    audio = first >> 11
    return (32 + (first >> 5 & 63), 11) if audio == 31 else (audio, 5)


_CONFIGURATIONS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 13: 24, 14: 8}
"""Channels by channelConfiguration (ISO/IEC 23091-3)."""

_PARAMETRIC_STEREO = 29
_AC3_MODES = (2, 1, 2, 3, 3, 4, 4, 5)
"""Full channels by acmod (ETSI TS 102 366, section 4.4.2.3)."""


def _channels(entry: bytes, boxes: bytes, told: int) -> int:
    """Channels by the codec's own box: the entry's count is 2 whatever there is, in many files of AAC, and in all of
    AC-3 (ETSI TS 102 366, section F.3)."""
    if entry == b"mp4a":
        kind, config = _decoder(_content(boxes, b"esds"))
        return (aac_channels(config) if kind == "40" else 0) or told
    if entry == b"ac-3":
        return _ac3(_content(boxes, b"dac3")[:3], 10)
    if entry == b"ec-3":
        record = _content(boxes, b"dec3")[:5]
        return 0 if len(record) < 5 or record[4] & 0x1E else _ac3(record, 28)  # more of them in dependent substreams
    return told


def aac_channels(config: bytes) -> int:
    """Channels by an AudioSpecificConfig; 0 where it leaves them to the stream."""
    if len(config) < 2:
        return 0
    bits = f"{int.from_bytes(config[:8].ljust(8, bytes(1)), 'big'):064b}"
    kind, at = _audio_object(config)
    at += 28 if bits[at : at + 4] == "1111" else 4  # the rate, by its number or in full
    channels = _CONFIGURATIONS.get(int(bits[at : at + 4], 2), 0)
    return 2 if kind == _PARAMETRIC_STEREO and channels == 1 else channels


def _ac3(record: bytes, at: int) -> int:
    """Channels by acmod, which starts at a bit, and lfeon, in a dac3 or dec3 (ETSI TS 102 366, annex F)."""
    bits = "".join(f"{byte:08b}" for byte in record)
    if at + 4 > len(bits):
        return 0
    acmod, has_lfe = int(bits[at : at + 3], 2), bits[at + 3] == "1"
    return _AC3_MODES[acmod] + has_lfe


def _transfer(entry: bytes, boxes: bytes) -> int:
    """Of a colour box (ISO/IEC 14496-12, section 12.1.5), or a VP9 record."""
    colour = _content(boxes, b"colr")
    if colour[:4] in {b"nclx", b"nclc"} and len(colour) >= 8:
        return int.from_bytes(colour[6:8], "big")
    record = _content(boxes, b"vpcC") if entry == b"vp09" else b""
    return record[8] if len(record) >= 9 else 2
