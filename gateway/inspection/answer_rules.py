"""What can be wrong with the answer that brought a manifest or a file: its content type, its age, what it is at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.media_rules import STALE_SECONDS
from gateway.inspection.presentation import Kind, Presentation

_HLS = frozenset(
    {
        "application/vnd.apple.mpegurl",
        "application/x-mpegurl",
        "audio/mpegurl",
        "audio/x-mpegurl",
        "application/mpegurl",
        "video/mpegurl",
    }
)
_MP4 = frozenset(
    {
        "video/mp4",
        "audio/mp4",
        "application/mp4",
        "video/x-m4v",
        "audio/x-m4a",
        "audio/m4a",
        "video/quicktime",
        "video/iso.segment",
        "audio/iso.segment",
    }
)
_RIGHT: Mapping[Kind, frozenset[str]] = {
    Kind.HLS_MULTIVARIANT: _HLS,
    Kind.HLS_MEDIA: _HLS,
    Kind.DASH: frozenset({"application/dash+xml", "video/vnd.mpeg.dash.mpd"}),
    Kind.MP4: _MP4,
    Kind.FRAGMENTED_MP4: _MP4,
    Kind.MPEG_TS: frozenset({"video/mp2t", "video/mpeg", "audio/mp2t"}),
    Kind.WEBM: frozenset({"video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"}),
    Kind.SUBTITLES: frozenset({"text/vtt"}),
}
_BEST = {
    Kind.HLS_MULTIVARIANT: "application/vnd.apple.mpegurl",
    Kind.HLS_MEDIA: "application/vnd.apple.mpegurl",
    Kind.DASH: "application/dash+xml",
    Kind.MP4: "video/mp4",
    Kind.FRAGMENTED_MP4: "video/mp4",
    Kind.MPEG_TS: "video/mp2t",
    Kind.WEBM: "video/webm",
    Kind.SUBTITLES: "text/vtt",
}
_TARGETS = 10
_MANIFEST_ENDINGS = (".m3u8", ".m3u", ".mpd")


def of_type(kind: Kind, content_type: str, path: str) -> Iterator[Finding]:
    """Whether the content type is that of what came, and what came is what the path promises."""
    essence = content_type.partition(";")[0].strip().lower()
    if kind is Kind.HTML:
        what = "The origin answers with a web page: an error page, a login or a portal, mostly."
        yield error("html", "the answer", what, "name the URL of the manifest or the media file itself")
    elif path.lower().endswith(_MANIFEST_ENDINGS) and kind not in {Kind.HLS_MULTIVARIANT, Kind.HLS_MEDIA, Kind.DASH}:
        what = "The path is that of a manifest, and what came is none."
        yield error("no-manifest", "the answer", what, "a playlist begins with #EXTM3U, a DASH manifest's root is MPD")
    if kind in _RIGHT and essence not in _RIGHT[kind]:
        told = f"The content type is {shown(essence)!r}" if essence else "There is no content type"
        what = f"{told}, for {_BEST[kind]}: some players refuse it by that, or do not recognise it."
        yield warning("content-type", "the answer", what, f"send Content-Type: {_BEST[kind]}")


def of_age(found: Presentation, last_modified: str, now: datetime) -> Iterator[Finding]:
    """Whether a live manifest has not been written for long."""
    try:
        written = parsedate_to_datetime(last_modified)
    except (ValueError, TypeError):
        return
    written = written if written.tzinfo else written.replace(tzinfo=UTC)
    target = (found.window.target_duration if found.window else None) or 0
    age = (now - written).total_seconds()
    if found.live and age > max(_TARGETS * target, STALE_SECONDS):
        what = f"By its Last-Modified, the live manifest was written {age:.0f} s ago."
        yield warning("not-renewed", "the answer", what, "look at the packager, and at a cache before it")


def of_status(status: int) -> Iterator[Finding]:
    """Whether the origin gave what was asked for."""
    if status >= 300:
        right = {
            401: "the origin wants a credential; the gateway sends none",
            403: "a token in the URL may have expired",
        }
        other = "ask the origin's operator" if status >= 500 else "look at the URL"
        yield error("status", "the answer", f"The origin answers with {status}.", right.get(status, other))


def of_size(size: int, most: int) -> Finding:
    """That a manifest is longer than what was read of it."""
    what = f"The manifest is longer than the {most} bytes that were read of it: the rest is not told."
    told = f" ({size} bytes)" if size else ""
    right = "players load all of it, a live one again and again: shorten its window, or its URLs"
    return warning("cut", f"the manifest{told}", what, right)
