"""Sound without a container, or in Ogg, by its first frame: a codec and its channels."""

from __future__ import annotations

from gateway.inspection.codec import Codec

_ADTS = (0, 1, 2, 3, 4, 5, 6, 8)
"""Channels by channel_configuration (ISO/IEC 13818-7, section 8.1.2.3); 0 leaves them to the stream."""

_MONO = 3
"""The mode of MPEG audio that has one channel (ISO/IEC 11172-3, section 2.4.2.3)."""

_LAYERS = {1: "mp3", 2: "mp2"}


def read_audio(start: bytes) -> tuple[Codec, int] | None:
    """The codec, and how many channels there are, 0 where that is not told; None where nothing is. Never raises."""
    frame = start[_tag(start) :][:64]
    if len(frame) < 8:
        return None
    if frame.startswith(b"fLaC"):
        return Codec.read("flac"), (frame[20] >> 1 & 7) + 1 if len(frame) > 20 else 0
    if frame.startswith(b"OggS"):
        return _ogg(frame)
    if frame.startswith(b"\x0b\x77"):
        return Codec.read("ac-3" if frame[5] >> 3 <= 10 else "ec-3"), 0
    return _mpeg(frame) if frame[0] == 0xFF and frame[1] & 0xE0 == 0xE0 else None


def _mpeg(frame: bytes) -> tuple[Codec, int] | None:
    """AAC in ADTS, MP2 or MP3, by the header of a frame."""
    layer = frame[1] >> 1 & 3
    if layer == 0 and frame[1] & 0xF0 == 0xF0:
        channels = _ADTS[(frame[2] & 1) << 2 | frame[3] >> 6]
        return Codec.read(f"mp4a.40.{(frame[2] >> 6) + 1}"), channels
    return (Codec.read(_LAYERS[layer]), 1 if frame[3] >> 6 == _MONO else 2) if layer in _LAYERS else None


def _tag(start: bytes) -> int:
    """Bytes of an ID3 tag in front (ID3v2.4, section 3.1)."""
    if not start.startswith(b"ID3") or len(start) < 10:
        return 0
    size = 0
    for byte in start[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _ogg(page: bytes) -> tuple[Codec, int] | None:
    """By the packet with which a stream begins (RFC 7845, section 5.1; Vorbis I, section 4.2.2)."""
    packet = page[27 + page[26] :] if len(page) > 27 else b""
    if packet.startswith(b"OpusHead"):
        return Codec.read("opus"), packet[9] if len(packet) > 9 else 0
    if packet.startswith(b"\x01vorbis"):
        return Codec.read("vorbis"), packet[11] if len(packet) > 11 else 0
    return None
