"""The format of HLS segments as far as a playlist tells: by their map and their names."""

from __future__ import annotations

from collections import Counter

from gateway.inspection.media_playlist import MediaPlaylist

_BY_ENDING = {
    "ts": "ts",
    "m2ts": "ts",
    "mts": "ts",
    "m4s": "fmp4",
    "mp4": "fmp4",
    "m4v": "fmp4",
    "m4a": "fmp4",
    "m4f": "fmp4",
    "cmfv": "cmaf",
    "cmfa": "cmaf",
    "cmft": "cmaf",
    "vtt": "webvtt",
    "webvtt": "webvtt",
    "aac": "packed audio",
    "mp3": "packed audio",
    "ac3": "packed audio",
    "ec3": "packed audio",
    "jpg": "images",
    "jpeg": "images",
    "png": "images",
    "webp": "images",
    "webm": "webm",
}
_MOST_LOOKED_AT = 200
WITH_MAP = frozenset({"m4s", "m4f", "cmfv", "cmfa", "cmft"})
"""Endings of segments that cannot be read without an EXT-X-MAP; an .mp4 may have its own moov."""


def of(read: MediaPlaylist) -> str:
    """ts, fmp4, cmaf, webvtt, packed audio, images or webm; empty where nothing tells."""
    endings = Counter(ending_of(segment.uri) for segment in read.segments[:_MOST_LOOKED_AT])
    told = [_BY_ENDING[ending] for ending, _ in endings.most_common() if ending in _BY_ENDING]
    if read.maps and not (told and told[0] in {"cmaf", "ts"}):
        return "fmp4"  # a map is an fMP4's, or, rarely, a transport stream's tables
    return told[0] if told else ""


def ending_of(uri: str) -> str:
    """What stands behind the last dot of a URI's path, in small letters."""
    path = uri.partition("?")[0].partition("#")[0]
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""
