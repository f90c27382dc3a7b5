"""Which codecs media holds, by MPEG-TS's program map, MP4's sample entries or WebM's tracks, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.form import Form
from gateway.diagnosis.seen import Part, Seen
from gateway.inspection.codec import Codec
from gateway.inspection.mp4 import read_mp4
from gateway.inspection.mpeg_ts import read_ts
from gateway.inspection.webm import read_webm

_SAME = {"AAC in LATM": "AAC", "MPEG-1 audio": "MP3", "MPEG-2 audio": "MP3"}
_HELD_IN = {"dvh1": "H.265", "dvhe": "H.265", "dva1": "H.264", "dvav": "H.264"}
"""Dolby Vision is a layer over another coding, whose sample entry it may have."""


def codecs_of(seen: Seen) -> tuple[Codec, ...]:
    """What it holds of pictures and sound, as far as its beginning tells; nothing where it is encrypted whole."""
    got = seen.good
    if got is None or (seen.step.encrypted and seen.step.part is Part.SEGMENT):
        return ()
    found: Sequence[Codec | None] = ()
    if seen.form is Form.TS:
        found = read_ts(got.body)
    elif seen.form is Form.ISO:
        found = [track.codec for track in read_mp4(got.body).tracks]
    elif seen.form is Form.WEBM:
        found = [track.codec for track in read_webm(got.body).tracks]
    return tuple(dict.fromkeys(_plain(codec) for codec in found if codec and codec.family in {"video", "audio"}))


def _plain(codec: Codec) -> Codec:
    """A codec by the name that it has in manifests."""
    name = codec.name.removesuffix(", sample encrypted")
    return replace(codec, name=_SAME.get(name, name))


def codec_findings(seen: Seen) -> Iterator[Finding]:
    """What it holds and the manifest does not say, or the pictures that the manifest says and it does not hold."""
    held, told = codecs_of(seen), [Codec.read(text) for text in seen.step.codecs]
    if not held or not told:
        return
    strange = [codec for codec in held if not _is_told(codec, told)]
    videos = [codec for codec in told if codec.family == "video"]
    blind = videos and not any(codec.family == "video" for codec in held)
    if not strange and not blind:
        return
    names = " and ".join(dict.fromkeys(codec.name for codec in held))
    said = " and ".join(dict.fromkeys(codec.name for codec in told if codec.family in {"video", "audio"}))
    cause = f"{seen.step.name} holds {names} where the manifest says {said}"
    change = f"correct CODECS in the manifest, or encode as it says; no browser plays {strange[0].name}"
    if not strange or strange[0].name not in _NOWHERE:
        change = "correct CODECS in the manifest, or encode as it says: players make their decoders by it"
    yield Finding("codecs", Weight.STOPS, cause, change, (seen.step.name,))


_NOWHERE = {"MPEG-1 video", "MPEG-2 video", "MPEG-4 Visual"}


def _is_told(codec: Codec, told: Sequence[Codec]) -> bool:
    return any(codec.name in {each.name, _HELD_IN.get(each.text[:4])} for each in told)
