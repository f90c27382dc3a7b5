"""What is looked at in a presentation, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.diagnosis.seen import End, Part, Step
from gateway.inspection import MediaPlaylist, Multivariant
from gateway.inspection.media_playlist import ByteRange, Key, Segment
from gateway.inspection.presentation import Variant
from gateway.manifests.link import resolve

MOST_PLAYLISTS = 24
"""Playlists of one presentation that are looked at."""

MOST_TEXTS = 4
"""Subtitles whose first segment is looked at."""

MOST_BETWEEN = 20
"""Segments between the first and the last that are looked at."""

_FROM_EDGE = 3
"""Segments before the live edge at which players begin (draft-pantos-hls-rfc8216bis, section 6.3.3)."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist that a multivariant playlist names; ``audio`` is the group of a variant's sound, or its own group."""

    step: Step
    is_variant: bool
    audio: str = ""
    is_text: bool = False


def playlists(master: Multivariant, base: str) -> tuple[Playlist, ...]:
    """The variants in their order, and then the sound and the subtitles beside them; each address once."""
    found: dict[str, Playlist] = {}
    variants = [variant for variant in master.variants if variant.uri]
    for number, variant in enumerate(variants, 1):
        url = resolve(variant.uri, base) or variant.uri
        name = f"variant {number} of {len(variants)}{_size(variant)}" if len(variants) > 1 else "the variant"
        codecs = tuple(codec.text for codec in variant.codecs)
        found.setdefault(
            url, Playlist(Step(Part.PLAYLIST, name, url, codecs=codecs), is_variant=True, audio=variant.audio)
        )
    for rendition in master.media:
        beside = resolve(rendition.uri, base)
        if beside is None or rendition.type not in {"audio", "subtitles", "video"}:
            continue
        told = rendition.name or rendition.language or rendition.group
        step = Step(Part.PLAYLIST, f"{_WORDS[rendition.type]} “{told[:40]}”", beside, needed=rendition.type == "audio")
        group = rendition.group if rendition.type == "audio" else ""
        is_text = rendition.type == "subtitles"
        found.setdefault(beside, Playlist(step, is_variant=False, audio=group, is_text=is_text))
    return tuple(found.values())


_WORDS = {"audio": "the sound", "subtitles": "the subtitles", "video": "the view"}


def _size(variant: Variant) -> str:
    if variant.size:
        return f" ({variant.size.width}x{variant.size.height})"
    return f" ({variant.bandwidth // 1000} kbit/s)" if variant.bandwidth else ""


def further(listed: Sequence[Playlist], chosen: Playlist | None) -> Iterator[Playlist]:
    """What is looked at beside the chosen variant and those before it: sound that goes with it is needed, and nothing
    else is."""
    if chosen is None:
        return
    at = listed.index(chosen)
    for playlist in listed[at + 1 : at + MOST_PLAYLISTS]:
        needed = not playlist.is_variant and bool(playlist.audio) and playlist.audio == chosen.audio
        yield replace(playlist, step=replace(playlist.step, needed=needed))


def first_segments(read: MediaPlaylist, base: str, codecs: tuple[str, ...]) -> Iterator[Step]:
    """The key and the map of the segment at which a player begins, that segment, and the last one."""
    there = _there(read)
    if not there:
        return
    begin = max(len(there) - _FROM_EDGE, 0) if read.is_live else 0
    first = read.segments[there[begin]]
    key = next((key for key in first.keys if key.key_format == "identity" and key.method != "NONE"), None)
    if key is not None and (url := resolve(key.uri, base)):
        yield Step(Part.KEY, "the key", url)
    if first.map is not None and first.map.uri:
        url = resolve(first.map.uri, base) or first.map.uri
        yield Step(Part.MAP, "the initialization segment", url, span_of(first.map.byte_range), codecs)
    name = "the segment at which players begin" if begin else "the first segment"
    yield replace(_segment(read.segments, there[begin], base, codecs), name=name, end=End.FIRST)
    if len(there) > begin + 1:
        yield replace(_segment(read.segments, there[-1], base, codecs), name="the last segment", end=End.LAST)


def _there(read: MediaPlaylist) -> list[int]:
    """Where the segments stand in the list that are no gaps."""
    return [at for at, segment in enumerate(read.segments) if not segment.gap]


def between(read: MediaPlaylist, base: str) -> tuple[Step, ...]:
    """Segments between the first and the last of what is not live, evenly spread, that a viewer will come to."""
    if read.is_live:
        return ()
    inner = _there(read)[1:-1]
    count = min(len(inner), MOST_BETWEEN)
    chosen = [inner[at * len(inner) // count] for at in range(count)]
    steps = ((at, _segment(read.segments, at, base, ())) for at in chosen)
    return tuple(replace(step, name=f"segment {at + 1} of {len(read.segments)}", needed=False) for at, step in steps)


def _segment(listed: Sequence[Segment], at: int, base: str, codecs: tuple[str, ...]) -> Step:
    url = resolve(listed[at].uri, base) or listed[at].uri
    return Step(Part.SEGMENT, "", url, _span(listed, at), codecs, encrypted=_is_whole(listed[at].keys))


def beside(read: MediaPlaylist, base: str, name: str) -> Iterator[Step]:
    """The same of sound or subtitles that go with a variant, but for the last segment."""
    for step in first_segments(read, base, ()):
        if step.end is not End.LAST:
            yield replace(step, name=f"{step.name} of {name}", end=None)


def _is_whole(keys: Sequence[Key]) -> bool:
    """Whether every byte of a segment is encrypted, so that none of it can be told."""
    return any(key.method == "AES-128" or key.method.startswith("AES-256") for key in keys)


def _span(listed: Sequence[Segment], at: int) -> str:
    """The Range of a segment: one that names no offset follows the one before it (section 4.4.4.2)."""
    wanted = listed[at].byte_range
    if wanted is None:
        return ""
    offset, back = wanted.offset, at - 1
    before = 0
    while offset is None and back >= 0 and listed[back].uri == listed[at].uri:
        piece = listed[back].byte_range
        if piece is None:
            return ""
        before += piece.length
        offset, back = piece.offset, back - 1
    start = (offset or 0) + before
    return f"bytes={start}-{start + wanted.length - 1}"


def span_of(wanted: ByteRange | None) -> str:
    """The Range of a map."""
    return "" if wanted is None else f"bytes={wanted.offset or 0}-{(wanted.offset or 0) + wanted.length - 1}"
