"""What may be in a player's way, as far as it was seen."""

from __future__ import annotations

from collections.abc import Callable

from gateway.diagnosis.address import Address
from gateway.diagnosis.evidence import Evidence
from gateway.diagnosis.form import Form
from gateway.diagnosis.labels import range_trouble
from gateway.diagnosis.seen import Part
from gateway.diagnosis.tracks import codecs_of
from gateway.inspection.codec import Codec
from gateway.inspection.hls_format import ending_of
from gateway.manifests import Kind

Seeing = Callable[[Evidence, Address], str]
"""Says what is in the way; empty if nothing is."""


def _in_ts(evidence: Evidence, *names: str) -> str:
    """The first of these codecs that stands in a transport stream."""
    held = [codec.name for seen in evidence.steps if seen.form is Form.TS for codec in codecs_of(seen)]
    return next((name for name in held if name in names), "")


def ts_with(*names: str) -> Seeing:
    """One of these codecs in a transport stream."""

    def sees(evidence: Evidence, _address: Address) -> str:
        name = _in_ts(evidence, *names)
        return f"the segments hold {name} in MPEG-TS" if name else ""

    return sees


def kind_is(kind: Kind, what: str) -> Seeing:
    """A manifest of this kind."""
    return lambda evidence, _address: what if evidence.kind is kind else ""


def is_file(what: str) -> Seeing:
    """No manifest."""
    return lambda evidence, _address: what if any(seen.step.part is Part.FILE for seen in evidence.steps) else ""


def no_header(evidence: Evidence, _address: Address) -> str:
    """hls.js takes the text as it comes; only a byte order mark is gone by then."""
    manifest = next((seen.good for seen in evidence.steps if seen.step.part is Part.MANIFEST), None)
    if manifest is None or evidence.master is None:
        return ""
    begins = manifest.body.removeprefix(b"\xef\xbb\xbf").startswith(b"#EXTM3U")
    return "" if begins else "something stands before #EXTM3U in the multivariant playlist"


def no_target(evidence: Evidence, _address: Address) -> str:
    """It says how often to reload."""
    media = evidence.media
    missing = media is not None and bool(media.segments) and not media.target_duration
    return "the media playlist has no EXT-X-TARGETDURATION" if missing else ""


_HLS_JS_SECONDS = {Part.KEY: 8.0, Part.PLAYLIST: 10.0, Part.SEGMENT: 10.0, Part.MAP: 10.0}


def too_slow(evidence: Evidence, _address: Address) -> str:
    """By the load policies that hls.js has by default."""
    for seen in evidence.steps:
        most = _HLS_JS_SECONDS.get(seen.step.part)
        if evidence.kind is Kind.HLS and most and seen.good and seen.good.seconds > most:
            return f"{seen.step.name} takes {seen.good.seconds:.1f} s to begin, and it waits {most:g} s"
    return ""


def no_timing(evidence: Evidence, _address: Address) -> str:
    """Of a live DASH manifest."""
    mpd = evidence.mpd
    missing = mpd is not None and mpd.is_live and mpd.root.first("UTCTiming") is None
    return (
        "the live manifest has no UTCTiming: where a viewer's clock is off, it asks for other segments"
        if missing
        else ""
    )


def no_ranges(evidence: Evidence, _address: Address) -> str:
    """Of a file."""
    for seen in evidence.steps:
        if seen.step.part is Part.FILE and seen.ranged is not None and range_trouble(seen.ranged):
            return f"the origin {range_trouble(seen.ranged)}"
    return ""


def hev1(evidence: Evidence, _address: Address) -> str:
    """Parameter sets in the samples, and not in their description."""
    held = [codec for seen in evidence.steps if seen.form is Form.ISO for codec in codecs_of(seen)]
    told = [Codec.read(text) for seen in evidence.steps for text in seen.step.codecs]
    names = next((codec.text for codec in (*held, *told) if codec.text.startswith("hev1")), "")
    return "the H.265 is labelled hev1, and not hvc1" if names else ""


def encrypted_fmp4(evidence: Evidence, _address: Address) -> str:
    """Fragmented MP4 whose segments are encrypted whole."""
    has_map = any(seen.step.part is Part.MAP for seen in evidence.steps)
    hidden = any(seen.step.part is Part.SEGMENT and seen.step.encrypted for seen in evidence.steps)
    return "its <video> plays AES-128 in MPEG-TS only, and the segments are MP4" if has_map and hidden else ""


_FFMPEG_ENDINGS = (
    *("3gp", "aac", "ac3", "avi", "cmfa", "cmfv", "eac3", "ec3", "flac", "fmp4", "html", "m3u8", "m4a", "m4s", "m4v"),
    *("mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpegts", "mpg", "oga", "ogg", "ogv", "ts", "vob", "vtt", "wav"),
    "webvtt",
)


def unknown_ending(evidence: Evidence, _address: Address) -> str:
    """FFmpeg 7.1.1 and later go by the path's ending, whatever the content type."""
    if evidence.kind is not Kind.HLS:
        return ""
    for seen in evidence.steps:
        ending = ending_of(seen.step.url)
        if seen.step.part is Part.SEGMENT and ending not in _FFMPEG_ENDINGS:
            told = f"end in .{ending[:12]}" if ending else "have no ending"
            return f"the names of the segments {told}, which is none that it takes for media"
    return ""


def no_ending(evidence: Evidence, address: Address) -> str:
    """Media3 goes by the path's ending unless it is told."""
    ending = {Kind.HLS: ".m3u8", Kind.DASH: ".mpd"}.get(evidence.kind) if evidence.kind else None
    if ending is None:
        return ""
    by_api = address.gateway and not address.grant
    if not by_api and f".{ending_of(address.url)}" == ending:
        return ""
    return f"the address does not end in {ending}, so that it is taken for a plain file"
