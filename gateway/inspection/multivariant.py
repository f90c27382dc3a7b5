"""HLS multivariant playlists (draft-pantos-hls-rfc8216bis, section 4.4.6): variants and renditions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.inspection.codec import read_codecs
from gateway.inspection.encryption import Encryption, system_of
from gateway.inspection.playlist import Playlist, Reference, Tag, decimal, integer
from gateway.inspection.presentation import Rendition, RenditionType, Size, Variant

_RESOLUTION = re.compile(r"([0-9]{1,6})x([0-9]{1,6})")
_TYPES: dict[str, RenditionType] = {
    "AUDIO": "audio",
    "VIDEO": "video",
    "SUBTITLES": "subtitles",
    "CLOSED-CAPTIONS": "closed-captions",
}


@dataclass(frozen=True, slots=True)
class Stream:
    """An EXT-X-STREAM-INF and the variant that it makes; without a URI line behind it the variant has no ``uri``."""

    tag: Tag
    variant: Variant


@dataclass(frozen=True)
class Multivariant:
    """What a multivariant playlist says. ``tracks`` are renditions for trick play and thumbnails; ``playlist`` are its
    lines."""

    playlist: Playlist
    streams: tuple[Stream, ...]
    media: tuple[Rendition, ...]
    tracks: tuple[Rendition, ...]
    session_keys: tuple[Encryption, ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants in the playlist's order."""
        return tuple(stream.variant for stream in self.streams)

    @property
    def first(self) -> str:
        """The URI of the first media playlist, by which duration and format can be told; empty if there is none."""
        return next((stream.variant.uri for stream in self.streams if stream.variant.uri), "")


def read_multivariant(playlist: Playlist) -> Multivariant:
    """Read what the lines say."""
    tags = {name: playlist.tags(f"EXT-X-{name}") for name in ("MEDIA", "I-FRAME-STREAM-INF", "IMAGE-STREAM-INF")}
    tracks = [_track(tag, "i-frames") for tag in tags["I-FRAME-STREAM-INF"]]
    tracks += [_track(tag, "images") for tag in tags["IMAGE-STREAM-INF"]]
    keys = {Encryption(tag["METHOD"], system_of(tag["KEYFORMAT"])): None for tag in playlist.tags("EXT-X-SESSION-KEY")}
    return Multivariant(
        playlist, tuple(_streams(playlist)), tuple(_media(tag) for tag in tags["MEDIA"]), tuple(tracks), tuple(keys)
    )


def _streams(playlist: Playlist) -> list[Stream]:
    """Each tag with the URI line that follows it before the next tag of its kind."""
    streams: list[Stream] = []
    waiting: Tag | None = None
    for entry in playlist.entries:
        if isinstance(entry, Reference):
            if waiting is not None:
                streams.append(Stream(waiting, _variant(waiting, entry.uri)))
            waiting = None
        elif entry.name == "EXT-X-STREAM-INF":
            if waiting is not None:
                streams.append(Stream(waiting, _variant(waiting, "")))
            waiting = entry
    return streams if waiting is None else [*streams, Stream(waiting, _variant(waiting, ""))]


def _variant(tag: Tag, uri: str) -> Variant:
    return Variant(
        bandwidth=integer(tag["BANDWIDTH"]),
        average_bandwidth=integer(tag["AVERAGE-BANDWIDTH"]),
        codecs=read_codecs(tag["CODECS"]),
        size=size_of(tag["RESOLUTION"]),
        frame_rate=decimal(tag["FRAME-RATE"]),
        video_range=tag["VIDEO-RANGE"],
        audio=tag["AUDIO"],
        subtitles=tag["SUBTITLES"],
        uri=uri,
    )


def _media(tag: Tag) -> Rendition:
    return Rendition(
        type=_TYPES.get(tag["TYPE"], "other"),
        group=tag["GROUP-ID"],
        name=tag["NAME"],
        language=tag["LANGUAGE"],
        is_default=tag["DEFAULT"] == "YES",
        is_forced=tag["FORCED"] == "YES",
        channels=tag["CHANNELS"],
        uri=tag["URI"],
    )


def _track(tag: Tag, kind: RenditionType) -> Rendition:
    return Rendition(
        type=kind,
        bandwidth=integer(tag["BANDWIDTH"]),
        codecs=read_codecs(tag["CODECS"]),
        size=size_of(tag["RESOLUTION"]),
        uri=tag["URI"],
    )


def size_of(resolution: str) -> Size | None:
    """``<width>x<height>``, or None for anything else."""
    found = _RESOLUTION.fullmatch(resolution)
    return Size(int(found[1]), int(found[2])) if found else None
