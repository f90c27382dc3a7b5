"""HLS playlists of both kinds: read from bytes, and told as a presentation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.inspection import hls_format
from gateway.inspection.encryption import Encryption, system_of
from gateway.inspection.media_playlist import MediaPlaylist, read_media_playlist
from gateway.inspection.multivariant import Multivariant, read_multivariant
from gateway.inspection.playlist import Playlist, decimal, read_lines
from gateway.inspection.presentation import Kind, LowLatency, Presentation, Segments, Window

_OF_MULTIVARIANTS = frozenset(
    f"EXT-X-{name}" for name in ("STREAM-INF", "MEDIA", "I-FRAME-STREAM-INF", "SESSION-DATA", "SESSION-KEY")
)
_OF_MEDIA = frozenset({"EXTINF", "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-PART-INF"})


def read_hls(text: bytes, base: str, imported: Mapping[str, str] | None = None) -> Multivariant | MediaPlaylist:
    """Read a playlist that came from ``base``; ``imported`` are the variables of its multivariant playlist. Never
    raises: what cannot be read is not told."""
    playlist = read_lines(text, base, imported)
    names = playlist.names()
    is_multivariant = names & _OF_MULTIVARIANTS and ("EXT-X-STREAM-INF" in names or not names & _OF_MEDIA)
    return read_multivariant(playlist) if is_multivariant else read_media_playlist(playlist)


def tell_multivariant(read: Multivariant) -> Presentation:
    """What a multivariant playlist says by itself."""
    return Presentation(
        kind=Kind.HLS_MULTIVARIANT,
        variants=read.variants,
        renditions=read.media + read.tracks,
        encryption=read.session_keys,
        features=_features(read.playlist, _FEATURES),
    )


def tell_media(read: MediaPlaylist, now: datetime) -> Presentation:
    """What a media playlist says, at this time."""
    return Presentation(
        kind=Kind.HLS_MEDIA,
        live=read.is_live,
        duration=None if read.is_live else round(read.duration, 3),
        window=_window(read, now) if read.is_live else None,
        segments=_segments(read),
        encryption=tuple(dict.fromkeys(_encryption(read))),
        low_latency=_low_latency(read),
        features=_features(read.playlist, _FEATURES),
    )


def with_media(whole: Presentation, media: Presentation) -> Presentation:
    """A multivariant's presentation, with what its first media playlist adds."""
    return replace(
        whole,
        live=media.live,
        duration=media.duration,
        window=media.window,
        segments=media.segments,
        encryption=tuple(dict.fromkeys(whole.encryption + media.encryption)),
        low_latency=media.low_latency,
        features=tuple(dict.fromkeys(whole.features + media.features)),
    )


def _segments(read: MediaPlaylist) -> Segments:
    lengths = [segment.duration for segment in read.segments if segment.duration is not None]
    count = len(read.segments) + read.skipped
    if not lengths:
        return Segments(count, hls_format.of(read))
    mean = round(sum(lengths) / len(lengths), 3)
    return Segments(count, hls_format.of(read), min(lengths), max(lengths), mean)


def _window(read: MediaPlaylist, now: datetime) -> Window:
    target = read.target_duration
    hold_back = decimal(read.server_control.get("HOLD-BACK", ""))
    if hold_back is None and target is not None:
        hold_back = 3.0 * target  # section 4.4.3.8: as if it were there
    edge = read.edge
    return Window(
        length=round(read.duration + read.skipped * float(target or 0), 3),
        edge=edge,
        behind=round((now - edge).total_seconds(), 3) if edge else None,
        hold_back=hold_back,
        target_duration=target,
        reload=target,
        clock="EXT-X-PROGRAM-DATE-TIME" if edge else "",
    )


def _encryption(read: MediaPlaylist) -> Sequence[Encryption]:
    return [Encryption(key.method, system_of(key.key_format)) for key in read.keys if key.method != "NONE"]


def _low_latency(read: MediaPlaylist) -> LowLatency | None:
    control, playlist = read.server_control, read.playlist
    told = LowLatency(
        parts=len(read.parts),
        part_target=read.part_target,
        part_hold_back=decimal(control.get("PART-HOLD-BACK", "")),
        blocking_reload=control.get("CAN-BLOCK-RELOAD") == "YES",
        delta_updates="CAN-SKIP-UNTIL" in control,
        preload_hint=bool(playlist.tags("EXT-X-PRELOAD-HINT")),
        rendition_reports=len(playlist.tags("EXT-X-RENDITION-REPORT")),
    )
    return None if told == LowLatency() else told


_FEATURES = {
    "EXT-X-CONTENT-STEERING": "content steering",
    "EXT-X-DISCONTINUITY": "discontinuities",
    "EXT-X-DEFINE": "variables",
    "EXT-X-DATERANGE": "date ranges",
    "EXT-X-GAP": "gaps",
    "EXT-X-BYTERANGE": "byte ranges",
    "EXT-X-I-FRAMES-ONLY": "I-frames only",
    "EXT-X-IMAGES-ONLY": "images only",
    "EXT-X-INDEPENDENT-SEGMENTS": "independent segments",
    "EXT-X-SKIP": "a delta update",
    "EXT-X-SESSION-DATA": "session data",
    "EXT-X-PROGRAM-DATE-TIME": "program date time",
}
_INTERSTITIAL = re.compile(r"com\.apple\.hls\.interstitial")


def _features(playlist: Playlist, known: Mapping[str, str]) -> tuple[str, ...]:
    names = playlist.names()
    told = [words for name, words in known.items() if name in names]
    is_interrupted = any(_INTERSTITIAL.match(tag["CLASS"]) for tag in playlist.tags("EXT-X-DATERANGE"))
    return (*told, "interstitials") if is_interrupted else tuple(told)
