"""Codec strings (RFC 6381, and what each codec adds to it), also in words: ``avc1.4d401e`` is "H.264 Main 3.0"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Family = Literal["video", "audio", "text", "other"]
_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_SHORT = re.compile(r"[0-9]{1,3}")
_OBJECT_TYPE = re.compile(r"[0-9A-Fa-f]{2}(?:\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Codec:
    """``text`` as the presentation has it; ``words`` for people, the text again where it is not known; ``name`` is the
    coding without profile and level, by which a decoder is chosen. ``malformed`` if what follows the coding cannot be
    read: browsers then play none of it."""

    text: str
    family: Family
    name: str
    words: str
    malformed: bool = False

    @classmethod
    def read(cls, text: str) -> Codec:
        """Say what one codec string means."""
        text = text.strip()
        kind, _, rest = text.partition(".")
        known = _KNOWN.get(kind) or _KNOWN.get(kind.lower())
        if known is None:
            return cls(text, "other", text, text)
        family, name, words = known
        told = words(rest) if words else ""
        if kind.lower() == "mp4a":
            name = told = _MP4A.get(rest.lower(), "AAC" if rest.startswith("40") else "MPEG audio")
            name = "AAC" if "AAC" in name else name
            return cls(text, family, name, told, bool(rest) and not _OBJECT_TYPE.fullmatch(rest))
        malformed = family == "video" and words is not None and bool(rest) and not told
        return cls(text, family, name, f"{name} {told}".strip(), malformed)


def read_codecs(text: str) -> tuple[Codec, ...]:
    """The codecs of a list with commas."""
    return tuple(Codec.read(part) for part in text.split(",") if part.strip())


def _small(text: str) -> int | None:
    """A short decimal number, or None."""
    return int(text) if _SHORT.fullmatch(text) else None


def _parts(text: str, count: int) -> Sequence[str]:
    """The first so many parts between dots; empty ones where there are fewer."""
    return (text.split(".", count)[:count] + [""] * count)[:count]


_AVC = {66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2", 244: "High 4:4:4"}


def _avc(rest: str) -> str:
    """Profile, constraints and level as three bytes (ISO/IEC 14496-15, annex E), or ``66.30`` as old encoders write."""
    if _HEX.fullmatch(rest):
        profile, constraints, level = (int(rest[at : at + 2], 16) for at in (0, 2, 4))
    else:
        first, second = (_small(part) for part in _parts(rest, 2))
        if first is None or second is None:
            return ""
        profile, constraints, level = first, 0, second
    name = _AVC.get(profile, f"profile {profile}")
    name = f"Constrained {name}" if profile == 66 and constraints & 0x40 else name
    is_1b = level == 9 or (level == 11 and constraints & 0x10 and profile in {66, 77, 88})
    return f"{name} {'1b' if is_1b else level / 10}"


_HEVC = {1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Range Extensions", 9: "Screen Content"}


def _hevc(rest: str) -> str:
    """ISO/IEC 14496-15, annex E: profile, compatibility, tier and level, constraints."""
    profile, _compatibility, level = _parts(rest, 3)
    number, tenfold = _small(profile.lstrip("ABC")), _small(level[1:])
    if number is None or tenfold is None:
        return ""
    tier = " high tier" if level.startswith("H") else ""
    return f"{_HEVC.get(number, f'profile {number}')} {tenfold / 30:.1f}{tier}"


def _vvc(rest: str) -> str:
    profile, level = _parts(rest, 2)
    number, sixteenfold = _small(profile), _small(level[1:])
    if number is None or sixteenfold is None:
        return ""
    name = {1: "Main 10", 33: "Main 10 4:4:4"}.get(number, f"profile {number}")
    return f"{name} {sixteenfold // 16}.{sixteenfold % 16 // 3}"


def _dolby_vision(rest: str) -> str:
    profile, level = (_small(part) for part in _parts(rest, 2))
    return "" if profile is None or level is None else f"profile {profile} level {level}"


def _av1(rest: str) -> str:
    """AV1 in ISOBMFF, section 5: profile, level and tier, bit depth."""
    profile, level, depth = _parts(rest, 3)
    number, index = _small(profile), _small(level[:-1])
    if number is None or index is None:
        return ""
    name = ("Main", "High", "Professional")[number] if number < 3 else f"profile {number}"
    tier = " high tier" if level.endswith("H") else ""
    return f"{name} {2 + index // 4}.{index % 4}{tier}{_bits(depth)}"


def _vp9(rest: str) -> str:
    profile, level, depth = _parts(rest, 3)
    number, tenfold = _small(profile), _small(level)
    return "" if number is None or tenfold is None else f"profile {number} level {tenfold / 10}{_bits(depth)}"


def _bits(depth: str) -> str:
    number = _small(depth)
    return f" {number} bit" if number else ""


def _ttml(rest: str) -> str:
    return {"im1t": "IMSC1 text", "im2t": "IMSC1.1 text", "im1i": "IMSC1 image"}.get(rest.removeprefix("ttml."), "")


_MP4A = {
    "40": "AAC",
    "40.1": "AAC Main",
    "40.2": "AAC-LC",
    "40.02": "AAC-LC",
    "40.5": "HE-AAC",
    "40.05": "HE-AAC",
    "40.29": "HE-AAC v2",
    "40.34": "MP3",
    "40.42": "xHE-AAC",
    "66": "AAC Main (MPEG-2)",
    "67": "AAC-LC (MPEG-2)",
    "69": "MP3",
    "6b": "MP3",
    "a5": "AC-3",
    "a6": "E-AC-3",
    "a9": "DTS",
    "dd": "Vorbis",
    "e1": "QCELP",
}
"""Object type indications and audio object types (mp4ra.org, ISO/IEC 14496-3)."""

_Known = tuple[Family, str, Callable[[str], str] | None]
_KNOWN: dict[str, _Known] = {
    **dict.fromkeys(("avc1", "avc3", "avc2", "avc4"), ("video", "H.264", _avc)),
    **dict.fromkeys(("hvc1", "hev1"), ("video", "H.265", _hevc)),
    **dict.fromkeys(("vvc1", "vvi1"), ("video", "H.266", _vvc)),
    **dict.fromkeys(("dvh1", "dvhe", "dva1", "dvav", "dav1"), ("video", "Dolby Vision", _dolby_vision)),
    "av01": ("video", "AV1", _av1),
    **dict.fromkeys(("vp09", "vp9", "vp9.0"), ("video", "VP9", _vp9)),
    **dict.fromkeys(("vp08", "vp8"), ("video", "VP8", None)),
    "mp4v": ("video", "MPEG-4 Visual", None),
    "mpg2": ("video", "MPEG-2 video", None),
    **dict.fromkeys(("jpeg", "mjpg"), ("video", "JPEG", None)),
    "mp4a": ("audio", "AAC", None),
    "ac-3": ("audio", "AC-3", None),
    "ec-3": ("audio", "E-AC-3", None),
    "ac-4": ("audio", "AC-4", None),
    "opus": ("audio", "Opus", None),
    **dict.fromkeys(("flac", "fLaC"), ("audio", "FLAC", None)),
    "vorbis": ("audio", "Vorbis", None),
    "alac": ("audio", "ALAC", None),
    "mp3": ("audio", "MP3", None),
    "mp2": ("audio", "MP2", None),
    **dict.fromkeys(("dtsc", "dtsh", "dtsl", "dtse", "dtsx"), ("audio", "DTS", None)),
    **dict.fromkeys(("mhm1", "mhm2", "mha1", "mha2"), ("audio", "MPEG-H", None)),
    "iamf": ("audio", "IAMF", None),
    "wvtt": ("text", "WebVTT", None),
    "stpp": ("text", "TTML", _ttml),
    "tx3g": ("text", "3GPP timed text", None),
}
