"""What HLS playlists say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.inspection import MediaPlaylist, Multivariant, read_hls, tell_media, tell_multivariant, with_media
from gateway.inspection.encryption import Encryption
from gateway.inspection.playlist import Reference, read_lines
from gateway.inspection.presentation import LowLatency, Segments, Size
from gateway.manifests.asking import Asking
from gateway.manifests.hls import rewrite
from gateway.manifests.link import resolve

DEMO = Path(__file__).resolve().parents[2] / "demo" / "media"
NOW = datetime(2030, 1, 1, 12, 0, 20, tzinfo=UTC)
BASE = "https://media.example.com/a/live.m3u8?token=abc"

MULTIVARIANT = b"""#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:QUERYPARAM="token"
#EXT-X-CONTENT-STEERING:SERVER-URI="/steer",PATHWAY-ID="A"
#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Deutsch",LANGUAGE="de",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="de.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sub",NAME="English",LANGUAGE="en",FORCED=YES,AUTOSELECT=YES,URI="en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=6000000,AVERAGE-BANDWIDTH=4000000,CODECS="hvc1.2.4.L123.B0,mp4a.40.2",RESOLUTION=1920x1080,\
FRAME-RATE=29.970,VIDEO-RANGE=PQ,AUDIO="aac",SUBTITLES="sub"
1080.m3u8?token={$token}
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=500000,RESOLUTION=640x360,URI="iframes.m3u8"
"""

LIVE = b"""#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24,PART-HOLD-BACK=3.0
#EXT-X-PART-INF:PART-TARGET=1.0
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-MAP:URI="init.mp4"
#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:,",KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:,",KEYFORMAT="com.microsoft.playready"
#EXT-X-PROGRAM-DATE-TIME:2030-01-01T12:00:00Z
#EXTINF:4.0,
a.m4s
#EXTINF:3.5,
b.m4s
#EXT-X-DISCONTINUITY
#EXTINF:4.0,
c.m4s
#EXT-X-PART:DURATION=1.0,URI="d1.m4s"
#EXT-X-PART:DURATION=0.5,URI="d2.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="d3.m4s"
#EXT-X-RENDITION-REPORT:URI="../b/live.m3u8",LAST-MSN=103,LAST-PART=1
"""


def media(text: bytes) -> MediaPlaylist:
    read = read_hls(text, BASE)
    assert isinstance(read, MediaPlaylist)
    return read


def multivariant(text: bytes) -> Multivariant:
    read = read_hls(text, BASE)
    assert isinstance(read, Multivariant)
    return read


def test_a_multivariant_playlist_tells_variants_and_renditions() -> None:
    told = tell_multivariant(multivariant(MULTIVARIANT))
    (variant,) = told.variants
    assert (variant.bandwidth, variant.average_bandwidth) == (6_000_000, 4_000_000)
    assert (variant.size, variant.frame_rate, variant.video_range) == (Size(1920, 1080), 29.97, "PQ")
    assert [codec.words for codec in variant.codecs] == ["H.265 Main 10 4.1", "AAC-LC"]
    assert (variant.audio, variant.subtitles) == ("aac", "sub")
    sound, text, frames = told.renditions
    assert (sound.type, sound.language, sound.name, sound.channels, sound.is_default) == (
        "audio",
        "de",
        "Deutsch",
        "2",
        True,
    )
    assert (text.type, text.language, text.is_forced, text.is_default) == ("subtitles", "en", True, False)
    assert (frames.type, frames.size) == ("i-frames", Size(640, 360))
    assert told.encryption == (Encryption("SAMPLE-AES", "FairPlay"),)
    assert told.encryption[0].words == "SAMPLE-AES with FairPlay"
    assert "content steering" in told.features
    assert told.live is None


@pytest.mark.parametrize(
    "text",
    [
        '#EXT-X-DEFINE:QUERYPARAM="q"\n{$q}.ts',
        '#EXT-X-DEFINE:QUERYPARAM="plus"\n{$plus}.ts',
        '#EXT-X-DEFINE:QUERYPARAM="none"\n{$none}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:NAME="a",VALUE="2"\n{$a}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:NAME="a",VALUE="{$b}"\n{$a}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE="1"\n#EXT-X-DEFINE:NAME="b",VALUE="{$a}{$a}"\n{$b}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE="1"\n{$a}{$b}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE="1",IMPORT="x"\n{$a}{$x}.ts',
        '#EXT-X-DEFINE:IMPORT="x"\n#EXT-X-DEFINE:NAME="x",VALUE="2"\n{$x}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE=bare\n{$a}.ts',
        '#EXT-X-DEFINE:NAME="a",VALUE=""\n{$a}.ts',
    ],
)
def test_variables_stand_for_what_the_gateway_makes_of_them(text: str) -> None:
    base = "https://o.example/v/main.m3u8?q=first&q=second&plus=a+b%2B&none="
    asked: list[str] = []

    def link(_reference: str, absolute: str) -> None:
        asked.append(absolute)

    rewrite(text.encode(), base, link, Asking(variables={"x": "imported"}))
    entries = read_lines(text.encode(), base, {"x": "imported"}).entries
    (uri,) = (each.uri for each in entries if isinstance(each, Reference))
    assert resolve(uri, base) == asked[0]


def test_variables_of_the_query_are_put_into_uris() -> None:
    assert multivariant(MULTIVARIANT).first == "1080.m3u8?token=abc"
    imported = read_hls(
        b'#EXTM3U\n#EXT-X-DEFINE:IMPORT="x"\n#EXTINF:1,\n{$x}.ts\n{$y}.ts\n', BASE, {"x": "1", "y": "2"}
    )
    assert isinstance(imported, MediaPlaylist)
    assert [segment.uri for segment in imported.segments] == ["1.ts", "{$y}.ts"]


def test_a_live_playlist_tells_its_window_and_how_far_its_edge_is_behind() -> None:
    told = tell_media(media(LIVE), NOW)
    assert told.live
    assert told.duration is None
    assert told.window is not None
    assert told.window.length == 13.0
    assert told.window.edge == datetime(2030, 1, 1, 12, 0, 13, tzinfo=UTC)
    assert told.window.behind == 7.0
    assert (told.window.hold_back, told.window.target_duration, told.window.reload) == (12.0, 4, 4)
    assert told.segments == Segments(3, "fmp4", 3.5, 4.0, 3.833)
    assert [each.system for each in told.encryption] == ["Widevine", "PlayReady"]
    assert told.low_latency == LowLatency(2, 1.0, 3.0, True, True, True, 1)
    assert "discontinuities" in told.features


def test_what_is_in_force_is_known_at_each_segment() -> None:
    first, second, third = media(LIVE).segments
    assert [key.key_format for key in first.keys] == [
        "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
        "com.microsoft.playready",
    ]
    assert first.map is not None
    assert first.map.uri == "init.mp4"
    assert [each.discontinuity for each in (first, second, third)] == [False, False, True]
    assert [each.line for each in (first, second, third)] == [12, 14, 17]
    clear = media(
        b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:1,\na.ts\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\nb.ts\n'
    )
    assert [len(each.keys) for each in clear.segments] == [1, 0]


def test_a_multivariant_takes_the_rest_from_its_media_playlist() -> None:
    told = with_media(tell_multivariant(multivariant(MULTIVARIANT)), tell_media(media(LIVE), NOW))
    assert told.live
    assert told.segments is not None
    assert [each.system for each in told.encryption] == ["FairPlay", "Widevine", "PlayReady"]
    assert told.features[0] == "content steering"
    assert len(told.variants) == 1


def test_the_demos_playlists_are_read() -> None:
    told = tell_media(media((DEMO / "hls-fmp4" / "index.m3u8").read_bytes()), NOW)
    assert (told.live, told.duration, told.segments) == (False, 40.0, Segments(10, "fmp4", 4.0, 4.0, 4.0))
    assert [each.words for each in told.encryption] == ["AES-128 with a key file"]
    variants = tell_multivariant(multivariant((DEMO / "hls-ts" / "master.m3u8").read_bytes())).variants
    assert [(each.size, each.frame_rate) for each in variants] == [(Size(640, 360), 24.0), (Size(320, 180), 24.0)]


def test_interstitials_are_a_feature() -> None:
    text = LIVE + b'#EXT-X-DATERANGE:ID="ad",CLASS="com.apple.hls.interstitial",START-DATE="2030-01-01T12:00:00Z"\n'
    assert "interstitials" in tell_media(media(text), NOW).features
