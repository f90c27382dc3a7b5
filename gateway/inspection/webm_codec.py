"""The codec string of a track of WebM or Matroska, by its CodecID and CodecPrivate (draft-ietf-cellar-codec)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.inspection import sample_entry
from gateway.inspection.codec import Codec
from gateway.inspection.mp4 import Handler

_PLAIN = {
    "V_VP8": "vp8",
    "V_MPEG2": "mpg2",
    "A_OPUS": "opus",
    "A_VORBIS": "vorbis",
    "A_FLAC": "flac",
    "A_AC3": "ac-3",
    "A_EAC3": "ec-3",
    "A_MPEG/L3": "mp3",
    "A_ALAC": "alac",
    "D_WEBVTT/SUBTITLES": "wvtt",
    "S_TEXT/WEBVTT": "wvtt",
}
_DESCRIBED: tuple[tuple[str, str, Callable[[bytes], str]], ...] = (
    ("V_AV1", "av01", sample_entry.av1),
    ("V_MPEG4/ISO/AVC", "avc1", sample_entry.avc),
    ("V_MPEGH/ISO/HEVC", "hvc1", sample_entry.hevc),
    ("A_AAC", "mp4a.40", sample_entry.audio_object),
)
"""Those whose CodecPrivate is the record that MP4 has too."""


def codec_of(name: str, handler: Handler, private: bytes, frame: bytes) -> Codec | None:
    """The codec that ``name`` stands for; what its string adds is in ``private``, or where its first ``frame`` tells
    more, in words. A name that is not known is told as it is, and none is None."""
    if not name or not name.isprintable():
        return None
    if name == "V_VP9":
        return _vp9(private, frame)
    plain = _PLAIN.get(name)
    for start, entry, told in _DESCRIBED:
        if name.startswith(start):
            plain = entry + told(private)
    if plain is not None:
        return Codec.read(plain)
    return Codec(name, handler, name, name)


def _vp9(private: bytes, frame: bytes) -> Codec:
    """``vp09.PP.LL.DD`` where CodecPrivate has all three (WebM container guidelines, "VP9 Codec Feature Metadata");
    no frame says its level, so without that ``vp9`` is told, with what the first frame says in words."""
    told: dict[int, int] = {}
    for at in range(0, len(private) - 2, 3):
        if private[at + 1] != 1:
            break
        told[private[at]] = private[at + 2]
    if {1, 2, 3} <= told.keys():
        return Codec.read(f"vp09.{told[1]:02d}.{told[2]:02d}.{told[3]:02d}")
    plain, read = Codec.read("vp9"), _vp9_frame(frame)
    return replace(plain, words=f"VP9 profile {read[0]} {read[1]} bit") if read else plain


def _vp9_frame(frame: bytes) -> tuple[int, int] | None:
    """Profile and bit depth by a key frame's uncompressed header (VP9 bitstream specification, section 6.2)."""
    if len(frame) < 5 or frame[0] >> 6 != 2:
        return None
    bits = f"{int.from_bytes(frame[:5], 'big'):040b}"
    profile = int(bits[3] + bits[2], 2)
    at = 5 if profile == 3 else 4  # a reserved bit
    shows_existing, is_inter = bits[at] == "1", bits[at + 1] == "1"
    sync = at + 4
    if shows_existing or is_inter or int(bits[sync : sync + 24], 2) != 0x498342:
        return None
    return profile, (8 if profile < 2 else 12 if bits[sync + 24] == "1" else 10)
