"""What can be wrong with an HLS media playlist (draft-pantos-hls-rfc8216bis, sections 4.4.3 and 4.4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from gateway.inspection import hls_format
from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.media_playlist import MediaPlaylist, Segment
from gateway.inspection.playlist import Reference, Tag, decimal

_IV = re.compile(r"0[xX][0-9A-Fa-f]{1,32}")
METHODS = frozenset({"NONE", "AES-128", "AES-256", "AES-256-GCM", "SAMPLE-AES", "SAMPLE-AES-CTR", "SAMPLE-AES-CENC"})
STALE_SECONDS = 120
"""What a live edge may be behind at least, whatever the target duration: encoders and CDNs take their time."""

_TARGETS = 10
_AHEAD_SECONDS = 60


def of_media(read: MediaPlaylist, now: datetime) -> Iterator[Finding]:
    """What is wrong with a media playlist at this time."""
    yield from _header(read)
    yield from _segments(read)
    yield from _ranges(read)
    yield from _keys(read)
    yield from _maps(read)
    yield from _freshness(read, now)


def _header(read: MediaPlaylist) -> Iterator[Finding]:
    playlist = read.playlist
    if not playlist.tags("EXT-X-TARGETDURATION"):
        right = "write #EXT-X-TARGETDURATION with the longest segment's duration, rounded"
        yield error("no-target-duration", "the playlist", "#EXT-X-TARGETDURATION is missing.", right)
    types = playlist.tags("EXT-X-PLAYLIST-TYPE")
    if types and read.playlist_type not in {"VOD", "EVENT"}:
        where = types[0].where
        what = f"#EXT-X-PLAYLIST-TYPE is {shown(read.playlist_type)!r}."
        yield error("playlist-type", where, what, "write VOD or EVENT, or leave the tag out")
    if read.playlist_type == "VOD" and not read.ended:
        what = "The playlist is VOD and has no #EXT-X-ENDLIST, so that players take it for live and ask for it again."
        yield error("vod-without-end", types[0].where, what, "end it with #EXT-X-ENDLIST")
    yield from _order(read)
    if read.is_live and read.segments and not playlist.tags("EXT-X-MEDIA-SEQUENCE") and read.playlist_type != "EVENT":
        what = (
            "#EXT-X-MEDIA-SEQUENCE is missing in a live playlist: players lose their place when its segments move on."
        )
        right = "write #EXT-X-MEDIA-SEQUENCE with the number of the first segment"
        yield warning("no-media-sequence", "the playlist", what, right)
    if not read.segments and not read.parts and not read.skipped:
        yield error(
            "no-segments", "the playlist", "The playlist lists no segment.", "list one, or answer 404 until then"
        )


def _order(read: MediaPlaylist) -> Iterator[Finding]:
    """What has to stand before the first segment (sections 4.4.3.2 and 4.4.3.3)."""
    first = read.segments[0].line if read.segments else None
    for name in ("EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE"):
        for tag in read.playlist.tags(name)[:1]:
            if first is not None and tag.line > first:
                what = f"#{name} stands behind the first segment."
                yield error("sequence-too-late", tag.where, what, "put it before the first segment")


def _segments(read: MediaPlaylist) -> Iterator[Finding]:
    without = [segment for segment in read.segments if segment.duration is None]
    if without:
        what = f"{_counted(without)} no #EXTINF with a duration before it."
        yield error("no-duration", f"line {without[0].line}", what, "write #EXTINF:<seconds>, before each segment")
    target = read.target_duration
    long = [segment for segment in read.segments if target is not None and _rounded(segment) > target]
    if long and target is not None:
        worst = max(long, key=lambda segment: segment.duration or 0)
        what = f"{_counted(long)} a duration above the target of {target} s; the longest is {worst.duration:g} s."
        right = f"write #EXT-X-TARGETDURATION:{_rounded(worst)}, or shorter segments; players reload by it and stall"
        yield error("segment-too-long", f"line {worst.line}", what, right)
    if not read.ended and read.playlist_type == "" and read.segments and read.duration < 3 * (target or 0):
        what = f"The window holds {read.duration:g} s, less than three target durations of {target} s."
        if not read.skipped:
            yield warning("short-window", "the playlist", what, "keep at least three target durations in the playlist")


def _counted(segments: list[Segment]) -> str:
    return f"{len(segments)} segments have" if len(segments) > 1 else "A segment has"


def _rounded(segment: Segment) -> int:
    """To the nearest second, a half up (section 4.4.3.1)."""
    return int((segment.duration or 0) + 0.5)


def _ranges(read: MediaPlaylist) -> Iterator[Finding]:
    """Section 4.4.4.2: without an offset, a range follows that of the segment before it in the same resource."""
    before: Segment | None = None
    for segment in read.segments:
        alone = before is None or before.byte_range is None or before.uri != segment.uri
        known = before is not None or not read.skipped
        if segment.byte_range is not None and segment.byte_range.offset is None and alone and known:
            what = "A byte range has no offset, and the segment before it is no range of the same resource."
            yield error(
                "range-without-offset", f"line {segment.line}", what, "write #EXT-X-BYTERANGE:<length>@<offset>"
            )
            return
        before = segment


def _keys(read: MediaPlaylist) -> Iterator[Finding]:
    for tag in read.playlist.tags("EXT-X-KEY"):
        method = tag["METHOD"]
        if method not in METHODS:
            what = f"#EXT-X-KEY has METHOD {shown(method)!r}." if method else "#EXT-X-KEY has no METHOD."
            yield error("key-method", tag.where, what, "write AES-128, SAMPLE-AES, SAMPLE-AES-CTR or NONE")
        elif method != "NONE" and not tag["URI"]:
            yield error("key-without-uri", tag.where, "#EXT-X-KEY names no URI.", 'write where the key is: URI="…"')
        if tag["IV"] and not _IV.fullmatch(tag["IV"]):
            what = f"The IV {shown(tag['IV'])!r} is no hexadecimal number of up to 128 bits."
            yield error("key-iv", tag.where, what, "write IV=0x and 32 hexadecimal digits")


def _maps(read: MediaPlaylist) -> Iterator[Finding]:
    """Section 3.1.2: an fMP4 segment cannot be read without its Media Initialization Section."""
    for tag in read.playlist.tags("EXT-X-MAP"):
        if not tag["URI"]:
            yield error("map-without-uri", tag.where, "#EXT-X-MAP names no URI.", 'write where it is: URI="…"')
    for segment in read.segments:
        if segment.map is None and not read.skipped and hls_format.ending_of(segment.uri) in hls_format.WITH_MAP:
            what = "An fMP4 segment has no #EXT-X-MAP before it."
            yield error("no-map", f"line {segment.line}", what, 'name the initialization section: #EXT-X-MAP:URI="…"')
            return


def _freshness(read: MediaPlaylist, now: datetime) -> Iterator[Finding]:
    edge = read.edge
    if edge is None or not read.is_live:
        return
    behind = (now - edge).total_seconds()
    if behind > max(_TARGETS * (read.target_duration or 0), STALE_SECONDS):
        what = f"By its #EXT-X-PROGRAM-DATE-TIME, the newest media is {behind:.0f} s old."
        right = (
            "if the stream has ended, write #EXT-X-ENDLIST; else look at the encoder, a cache before it, and its clock"
        )
        yield warning("stale", "the playlist", what, right)
    if behind < -_AHEAD_SECONDS:
        what = f"By its #EXT-X-PROGRAM-DATE-TIME, the newest media is {-behind:.0f} s in the future."
        yield warning("clock-ahead", "the playlist", what, "set the encoder's clock; players measure latency by it")


def stray_tags(read: MediaPlaylist) -> Iterator[Finding]:
    """Tags of a multivariant playlist in a media playlist (section 4.1), and durations without a segment."""
    for tag in read.playlist.tags("EXT-X-STREAM-INF")[:1]:
        what = "The playlist names variants and segments; it has to be a multivariant or a media playlist."
        yield error("both-kinds", tag.where, what, "put the variants into a playlist of their own")
    waiting: Tag | None = None
    for entry in read.playlist.entries:
        if isinstance(entry, Reference):
            waiting = None
        elif entry.name == "EXTINF":
            if waiting is not None:
                what = "An #EXTINF has no URI behind it before the next."
                yield error("no-uri", waiting.where, what, "write the segment's URI on the line behind")
                return
            waiting = entry
            if decimal(entry.value.partition(",")[0].strip()) is not None and "," not in entry.value:
                what = "#EXTINF has no comma behind its duration; some players refuse it."
                yield warning("no-comma", entry.where, what, "write #EXTINF:<seconds>,")
