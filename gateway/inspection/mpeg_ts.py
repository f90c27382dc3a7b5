"""MPEG transport streams (ISO/IEC 13818-1) by their tables: which elementary streams there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.inspection.codec import Codec, Family

PACKET = 188
"""Bytes of a packet (section 2.4.3.2)."""

_TYPES: dict[int, tuple[Family, str]] = {
    0x01: ("video", "MPEG-1 video"),
    0x02: ("video", "MPEG-2 video"),
    0x03: ("audio", "MPEG-1 audio"),
    0x04: ("audio", "MPEG-2 audio"),
    0x0F: ("audio", "AAC"),
    0x10: ("video", "MPEG-4 Visual"),
    0x11: ("audio", "AAC in LATM"),
    0x15: ("text", "timed metadata"),
    0x1B: ("video", "H.264"),
    0x24: ("video", "H.265"),
    0x33: ("video", "H.266"),
    0x81: ("audio", "AC-3"),
    0x86: ("other", "SCTE-35"),
    0x87: ("audio", "E-AC-3"),
    0xC1: ("audio", "AC-3, sample encrypted"),
    0xC2: ("audio", "E-AC-3, sample encrypted"),
    0xCF: ("audio", "AAC, sample encrypted"),
    0xDB: ("video", "H.264, sample encrypted"),
}


def is_ts(start: bytes) -> bool:
    """Whether a file that starts like this is a transport stream: each packet begins with 0x47, a text's G. There is no
    telling by less than one packet."""
    begins = (start[at : at + 1] for at in (PACKET, 2 * PACKET))
    return len(start) >= PACKET and start[:1] == b"\x47" and all(byte in {b"\x47", b""} for byte in begins)


@dataclass(frozen=True, slots=True)
class Stream:
    """An elementary stream; ``language`` as three letters, empty where it is not told."""

    codec: Codec
    language: str = ""


def read_ts(start: bytes) -> tuple[Codec, ...]:
    """The codecs of `read_streams`."""
    return tuple(stream.codec for stream in read_streams(start))


def read_streams(start: bytes) -> tuple[Stream, ...]:
    """The elementary streams of the first program; none where its tables are not among these bytes. Never raises."""
    tables: set[int] = set()
    for at in range(0, len(start) - PACKET + 1, PACKET):
        packet = start[at : at + PACKET]
        pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
        if packet[0] != 0x47:
            break
        if not packet[1] & 0x40:  # no section starts here
            continue
        section = _section(packet)
        if pid == 0 and section[:1] == b"\0":
            tables |= _programs(section)
        elif pid in tables and section[:1] == b"\2":
            return _streams(section)
    return ()


def first_time(start: bytes) -> float | None:
    """The presentation time in seconds of the first access unit that has one (section 2.4.3.7); None if none has."""
    for at in range(0, len(start) - PACKET + 1, PACKET):
        packet = start[at : at + PACKET]
        if packet[0] != 0x47:
            return None
        if not packet[1] & 0x40:  # no access unit starts here
            continue
        pes = packet[5 + packet[4] if packet[3] & 0x20 else 4 :]
        if len(pes) >= 14 and pes[:3] == b"\0\0\1" and pes[7] & 0x80:
            told = int.from_bytes(pes[9:14], "big")
            return ((told >> 33 & 7) << 30 | (told >> 17 & 0x7FFF) << 15 | told >> 1 & 0x7FFF) / CLOCK
    return None


CLOCK = 90_000
"""Ticks a second of time stamps, which have 33 bits."""


def _section(packet: bytes) -> bytes:
    """The section that starts in a packet (sections 2.4.3.2 and 2.4.4)."""
    start = 5 + packet[4] if packet[3] & 0x20 else 4
    payload = packet[start:]
    return payload[1 + payload[0] :] if payload else b""


def _programs(section: bytes) -> set[int]:
    """Where the program association table says that the programs' tables are."""
    end = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4
    entries = section[8 : min(end, len(section))]
    pairs = [entries[at : at + 4] for at in range(0, len(entries) - 3, 4)]
    return {int.from_bytes(pair[2:4], "big") & 0x1FFF for pair in pairs if pair[:2] != b"\0\0"}


def _streams(section: bytes) -> tuple[Stream, ...]:
    """What a program map table lists (section 2.4.4.8), as far as it lies in its first packet."""
    end = min(3 + (int.from_bytes(section[1:3], "big") & 0xFFF) - 4, len(section))
    at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    found = []
    while at + 5 <= end:
        kind, length = section[at], int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF
        found.append(_stream(kind, dict(_descriptors(section[at + 5 : min(at + 5 + length, end)]))))
        at += 5 + length
    return tuple(found)


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents (section 2.6.1)."""
    at = 0
    while at + 2 <= len(data):
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


_LANGUAGE, _REGISTRATION, _DVB_SUBTITLES, _TELETEXT, _AC3, _EAC3 = 0x0A, 0x05, 0x59, 0x56, 0x6A, 0x7A
_PRIVATE: dict[int, tuple[Family, str]] = {
    _AC3: ("audio", "AC-3"),
    _EAC3: ("audio", "E-AC-3"),
    _DVB_SUBTITLES: ("text", "DVB subtitles"),
    _TELETEXT: ("text", "teletext"),
}
"""What private data (type 6) is, by its descriptor (ETSI EN 300 468, section 6.1)."""


def _stream(kind: int, descriptors: Mapping[int, bytes]) -> Stream:
    known = _TYPES.get(kind)
    if known is None and kind == 6:
        known = next((_PRIVATE[tag] for tag in descriptors if tag in _PRIVATE), None)
        known = ("audio", "Opus") if descriptors.get(_REGISTRATION) == b"Opus" else known
    family, words = known or ("other", f"stream type 0x{kind:02x}")
    told = next((descriptors[tag] for tag in (_LANGUAGE, _DVB_SUBTITLES, _TELETEXT) if tag in descriptors), b"")
    language = told[:3].decode("latin-1").lower()
    is_known = len(language) == 3 and language.isascii() and language.isalpha() and language != "und"
    return Stream(Codec(f"0x{kind:02x}", family, words, words), language if is_known else "")
