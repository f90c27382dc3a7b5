"""What named players choke on. One table; each rule looks at what was seen, and stands on what its source says.

The players are those that the tests play with, and others as their makers document them. A rule without a source is not
one: that of hls.js, Shaka and mux.js is a file of theirs, in the version that the tests have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.diagnosis.address import Address
from gateway.diagnosis.evidence import Evidence
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.obstacles import (
    Seeing,
    encrypted_fmp4,
    hev1,
    is_file,
    kind_is,
    no_ending,
    no_header,
    no_ranges,
    no_target,
    no_timing,
    too_slow,
    ts_with,
    unknown_ending,
)
from gateway.manifests import Kind

PLAYERS = ("hls.js", "shaka", "dash.js", "video.js", "safari", "chromium", "ffmpeg", "vlc", "exoplayer")
"""``safari`` and ``chromium`` are their own <video>; ``ffmpeg`` is 7.1 or later, and mpv and Kodi with it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``sees`` completes "It does not play because ..."; ``by_nature`` if the player never plays such a thing."""

    player: str
    code: str
    weight: Weight
    sees: Seeing
    change: str
    source: str
    by_nature: bool = False

    def finding(self, cause: str) -> Finding:
        """What is told where the rule has seen something."""
        return Finding(
            self.code, self.weight, cause, self.change, (), self.player, self.source, by_nature=self.by_nature
        )


def player_findings(evidence: Evidence, address: Address) -> Sequence[Finding]:
    """What all rules say."""
    said = ((rule, rule.sees(evidence, address)) for rule in RULES)
    return [rule.finding(cause) for rule, cause in said if cause]


# -- the table ---------------------------------------------------------------------------------------------------------

_HLS_JS = "hls.js 1.7.4, src/"
_APPLE_HLS = "Apple, HLS Authoring Specification, section 1"
_STOPS, _HARMS = Weight.STOPS, Weight.HARMS
_AS_H264 = "encode as H.264 and AAC"

RULES: Sequence[Rule] = (
    Rule(
        "hls.js",
        "wrong_player",
        _STOPS,
        kind_is(Kind.DASH, "it plays HLS only, and this is DASH"),
        "play it with dash.js, Shaka or video.js",
        "hls.js, README.md",
        by_nature=True,
    ),
    Rule(
        "hls.js",
        "wrong_player",
        _STOPS,
        is_file("it plays HLS only, and this is a file"),
        "play it with <video>",
        "hls.js, README.md",
        by_nature=True,
    ),
    Rule(
        "hls.js",
        "header",
        _STOPS,
        no_header,
        "let the playlist begin with #EXTM3U",
        f"{_HLS_JS}loader/m3u8-parser.ts:126",
    ),
    Rule(
        "hls.js",
        "target_duration",
        _STOPS,
        no_target,
        "write EXT-X-TARGETDURATION",
        f"{_HLS_JS}loader/m3u8-parser.ts:758",
    ),
    Rule(
        "hls.js",
        "ts_codec",
        _STOPS,
        ts_with("MPEG-2 video", "MPEG-4 Visual", "H.266"),
        _AS_H264,
        f"{_HLS_JS}demux/tsdemuxer.ts:984",
    ),
    Rule(
        "hls.js", "ts_codec", _STOPS, ts_with("E-AC-3"), "package E-AC-3 as fMP4", f"{_HLS_JS}demux/tsdemuxer.ts:1070"
    ),
    Rule(
        "hls.js",
        "slow",
        _HARMS,
        too_slow,
        "make the origin quicker, or raise its load policies",
        f"{_HLS_JS}config.ts:550",
    ),
    Rule(
        "shaka",
        "target_duration",
        _STOPS,
        no_target,
        "write EXT-X-TARGETDURATION",
        "Shaka 5.2.12, lib/hls/hls_parser.js:5526",
    ),
    Rule(
        "shaka",
        "utc_timing",
        _HARMS,
        no_timing,
        "add UTCTiming to the manifest",
        "Shaka 5.2.12, lib/dash/dash_parser.js:3607",
    ),
    Rule(
        "dash.js",
        "wrong_player",
        _STOPS,
        kind_is(Kind.HLS, "it plays DASH only, and this is HLS"),
        "play it with hls.js",
        "dash.js, README.md",
        by_nature=True,
    ),
    Rule(
        "dash.js",
        "wrong_player",
        _STOPS,
        is_file("it plays DASH only, and this is a file"),
        "play it with <video>",
        "dash.js, README.md",
        by_nature=True,
    ),
    Rule(
        "video.js",
        "ts_codec",
        _STOPS,
        ts_with("H.265", "H.266", "MPEG-2 video", "MPEG-4 Visual"),
        "package it as fMP4, or encode as H.264",
        "mux.js, lib/m2ts/stream-types.js",
    ),
    Rule(
        "video.js",
        "ts_codec",
        _HARMS,
        ts_with("MP3", "AC-3", "E-AC-3"),
        "package it as fMP4, or the sound as AAC",
        "mux.js, lib/m2ts/stream-types.js",
    ),
    Rule(
        "safari",
        "wrong_player",
        _STOPS,
        kind_is(Kind.DASH, "its <video> plays no DASH"),
        "offer HLS beside it, or play it with Shaka or dash.js",
        "caniuse.com/mpeg-dash",
        by_nature=True,
    ),
    Rule(
        "safari",
        "ranges",
        _STOPS,
        no_ranges,
        "let the origin answer a Range with 206 and Content-Range",
        "Apple, Creating Video for Safari on iPhone, “Configuring Your Server”",
    ),
    Rule("safari", "ts_codec", _STOPS, ts_with("H.265"), "package H.265 as fMP4", f"{_APPLE_HLS}.5"),
    Rule("safari", "ts_codec", _STOPS, ts_with("MPEG-2 video", "MPEG-4 Visual"), _AS_H264, f"{_APPLE_HLS}.1"),
    Rule("safari", "hev1", _HARMS, hev1, "label it hvc1 (FFmpeg: -tag:v hvc1)", f"{_APPLE_HLS}.10"),
    Rule(
        "chromium",
        "wrong_player",
        _STOPS,
        kind_is(Kind.DASH, "its <video> plays no DASH"),
        "play it with Shaka or dash.js",
        "caniuse.com/mpeg-dash",
        by_nature=True,
    ),
    Rule(
        "chromium",
        "encrypted_fmp4",
        _STOPS,
        encrypted_fmp4,
        "play it with hls.js",
        "tried with Chromium 156: DEMUXER_ERROR_COULD_NOT_PARSE",
        by_nature=True,
    ),
    Rule(
        "ffmpeg",
        "ending",
        _STOPS,
        unknown_ending,
        "name segments .ts, .m4s, .mp4 or .aac, or start it with -extension_picky 0",
        "FFmpeg 7.1.1, libavformat/hls.c, allowed_segment_extensions",
    ),
    Rule(
        "exoplayer",
        "ending",
        _HARMS,
        no_ending,
        "use an address beneath /play, or setMimeType(MimeTypes.APPLICATION_M3U8 or APPLICATION_MPD)",
        "developer.android.com, Media3 ExoPlayer, HLS, “Using MediaItem”",
    ),
)
