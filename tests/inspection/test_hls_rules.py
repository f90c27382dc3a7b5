"""What is found wrong with HLS playlists, and that nothing is where nothing is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from demo.origin import MEDIA
from gateway.inspection import read_hls
from gateway.inspection.hls_rules import disagreements, find
from gateway.inspection.media_playlist import MediaPlaylist
from gateway.inspection.presentation import Variant
from tests.inspection.test_hls import LIVE, MULTIVARIANT, NOW
from tests.manifests.corpora import CORPORA, corpus

BASE = "https://media.example.com/a/live.m3u8?token=abc"
VOD = b"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:4.0,
a.ts
#EXTINF:4.0,
b.ts
#EXT-X-ENDLIST
"""
MASTER = b"""#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360,AUDIO="aac"
a.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=320x180,AUDIO="aac"
b.m3u8
"""


def found(text: bytes, now: datetime = NOW) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.code, each.where) for each in find(read_hls(text, BASE), now)]


@pytest.mark.parametrize("text", [VOD, LIVE, MASTER, MULTIVARIANT.replace(b"VERSION:8", b"VERSION:11")])
def test_nothing_is_wrong_where_nothing_is(text: bytes) -> None:
    assert found(text) == []


@pytest.mark.parametrize("file", sorted(MEDIA.rglob("*.m3u8")), ids=lambda file: file.parent.name + "-" + file.name)
def test_nothing_is_wrong_with_the_demo(file: object) -> None:
    assert found(file.read_bytes()) == []  # type: ignore[attr-defined]  # a path


def put(text: bytes, before: bytes, line: bytes) -> bytes:
    """The text with a line before the first that begins so."""
    at = text.index(before)
    return text[:at] + line + b"\n" + text[at:]


MISTAKES: Sequence[tuple[bytes, tuple[str, str, str]]] = [
    (VOD.replace(b"#EXTM3U\n", b""), ("error", "no-extm3u", "line 1")),
    (b"\xef\xbb\xbf" + VOD, ("error", "byte-order-mark", "line 1")),
    (VOD + b"# \xff\n#EXTINF:1,\n\xff.ts\n", ("error", "not-utf-8", "the playlist")),
    (VOD.replace(b"#EXT-X-TARGETDURATION:4\n", b""), ("error", "no-target-duration", "the playlist")),
    (VOD.replace(b"DURATION:4", b"DURATION:four"), ("error", "not-a-number", "line 3")),
    (VOD.replace(b"DURATION:4", b"DURATION:3"), ("error", "segment-too-long", "line 6")),
    (VOD.replace(b":4.0,\nb", b":4.5,\nb"), ("error", "segment-too-long", "line 8")),
    (VOD.replace(b"VERSION:7", b"VERSION:2"), ("warning", "version-too-low", "line 5")),
    (VOD.replace(b"#EXT-X-VERSION:7\n", b""), ("warning", "version-too-low", "line 4")),
    (VOD.replace(b"VOD", b"vod"), ("error", "playlist-type", "line 4")),
    (VOD.replace(b"#EXT-X-ENDLIST\n", b""), ("error", "vod-without-end", "line 4")),
    (VOD.replace(b"#EXTINF:4.0,\nb", b"b"), ("error", "no-duration", "line 7")),
    (VOD.replace(b"a.ts\n", b""), ("error", "no-uri", "line 5")),
    (VOD.replace(b"4.0,\nb", b"4.0\nb"), ("warning", "no-comma", "line 7")),
    (VOD.replace(b"a.ts", b"a.m4s"), ("error", "no-map", "line 6")),
    (put(VOD, b"a.ts", b"#EXT-X-BYTERANGE:100"), ("error", "range-without-offset", "line 7")),
    (put(VOD, b"#EXTINF", b"#EXT-X-TARGETDURATION:4"), ("error", "tag-repeated", "line 5")),
    (put(VOD, b"#EXTINF", b"#EXT-X-KEY:METHOD=AES-128"), ("error", "key-without-uri", "line 5")),
    (put(VOD, b"#EXTINF", b'#EXT-X-KEY:METHOD=ROT13,URI="k"'), ("error", "key-method", "line 5")),
    (put(VOD, b"#EXTINF", b'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=12'), ("error", "key-iv", "line 5")),
    (put(VOD, b"#EXTINF", b'#EXT-X-KEY:METHOD=AES-128,URI="k'), ("error", "quote-not-closed", "line 5")),
    (put(VOD, b"#EXTINF", b'#EXT-X-MAP:BYTERANGE="1@0"'), ("error", "map-without-uri", "line 5")),
    (put(VOD, b"b.ts", b"#EXT-X-MEDIA-SEQUENCE:1"), ("error", "sequence-too-late", "line 8")),
    (
        VOD[:8] + b"#EXT-X-ENDLIST\n",
        ("error", "no-segments", "the playlist"),
    ),
    (LIVE.replace(b"#EXT-X-MEDIA-SEQUENCE:100\n", b""), ("warning", "no-media-sequence", "the playlist")),
    (LIVE.replace(b"T12:00:00Z", b"T11:00:00Z"), ("warning", "stale", "the playlist")),
    (LIVE.replace(b"T12:00:00Z", b"T13:00:00Z"), ("warning", "clock-ahead", "the playlist")),
    (LIVE.replace(b"PART-HOLD-BACK=3.0", b"PART-HOLD-BACK=1.5"), ("error", "part-hold-back", "line 4")),
    (LIVE.replace(b"PART-HOLD-BACK=3.0", b"PART-HOLD-BACK=2.5"), ("warning", "part-hold-back", "line 4")),
    (LIVE.replace(b",PART-HOLD-BACK=3.0", b""), ("error", "no-part-hold-back", "line 4")),
    (LIVE.replace(b"CAN-SKIP-UNTIL=24", b"CAN-SKIP-UNTIL=12"), ("error", "hold-back", "line 4")),
    (LIVE.replace(b"CAN-BLOCK-RELOAD=YES,", b""), ("warning", "no-blocking-reload", "line 4")),
    (LIVE.replace(b"#EXT-X-PART-INF:PART-TARGET=1.0\n", b""), ("error", "no-part-target", "line 17")),
    (LIVE.replace(b"DURATION=1.0", b"DURATION=1.2"), ("error", "part-too-long", "line 18")),
    (LIVE.replace(b",LAST-MSN=103", b""), ("error", "attribute-missing", "line 21")),
    (
        VOD + b'#EXT-X-DATERANGE:ID="a",START-DATE="2030-01-01T00:00:00Z"\n',
        ("error", "date-range-without-time", "line 10"),
    ),
    (LIVE + b'#EXT-X-DATERANGE:START-DATE="2030-01-01T00:00:00Z"\n', ("error", "date-range-id", "line 22")),
    (LIVE + b'#EXT-X-DATERANGE:ID="a"\n', ("error", "date-range-start", "line 22")),
    (LIVE + b'#EXT-X-DATERANGE:ID="a",START-DATE="soon"\n', ("error", "date-range-date", "line 22")),
    (
        LIVE + b'#EXT-X-DATERANGE:ID="a",START-DATE="2030-01-02T00:00:00Z",END-DATE="2030-01-01T00:00:00Z"\n',
        ("error", "date-range-end", "line 22"),
    ),
    (
        LIVE + b'#EXT-X-DATERANGE:ID="a",START-DATE="2030-01-02T00:00:00Z",DURATION=-1\n',
        ("error", "date-range-duration", "line 22"),
    ),
    (
        LIVE + b'#EXT-X-DATERANGE:ID="a",START-DATE="2030-01-02T00:00:00Z",END-ON-NEXT=YES\n',
        ("error", "date-range-class", "line 22"),
    ),
    (MASTER.replace(b"BANDWIDTH=2000000,", b""), ("error", "no-bandwidth", "line 3")),
    (MASTER.replace(b"=2000000", b"=2,AVERAGE-BANDWIDTH=3"), ("error", "bandwidth", "line 3")),
    (MASTER.replace(b"640x360", b"640*360"), ("error", "resolution", "line 3")),
    (MASTER.replace(b",RESOLUTION=640x360", b""), ("warning", "no-resolution", "line 3")),
    (MASTER.replace(b'CODECS="avc1.4d401e,mp4a.40.2",', b""), ("warning", "no-codecs", "line 3")),
    (MASTER.replace(b"avc1.4d401e", b"avc1.foo"), ("error", "codec-malformed", "line 3")),
    (MASTER.replace(b"mp4a.40.2", b"mp4a.aac"), ("error", "codec-malformed", "line 3")),
    (MASTER.replace(b'AUDIO="aac"\nb', b'AUDIO="ac3"\nb'), ("error", "group-missing", "line 5")),
    (MASTER.replace(b'mp4a.40.2",RESOLUTION=320', b'ac-3",RESOLUTION=320'), ("error", "mixed-codecs", "line 5")),
    (
        MASTER.replace(b',AUDIO="aac"', b"").replace(b'mp4a.40.2",RESOLUTION=320', b'ac-3",RESOLUTION=320'),
        ("warning", "mixed-codecs", "line 5"),
    ),
    (MASTER.replace(b"b.m3u8\n", b""), ("error", "variant-without-uri", "line 5")),
    (MASTER.replace(b'"\nb', b'",VIDEO-RANGE=HDR\nb'), ("error", "video-range", "line 5")),
    (MASTER.replace(b'"\nb', b'",CLOSED-CAPTIONS=NONE\nb'), ("error", "closed-captions", "line 3")),
    (MASTER.replace(b"AUTOSELECT=YES", b"AUTOSELECT=NO"), ("error", "default", "line 2")),
    (MASTER.replace(b"TYPE=AUDIO", b"TYPE=SOUND"), ("error", "media-type", "line 2")),
    (MASTER.replace(b'NAME="English",', b""), ("error", "attribute-missing", "line 2")),
    (MASTER.replace(b"DEFAULT=YES", b"DEFAULT=YES,FORCED=YES"), ("error", "forced", "line 2")),
    (MASTER + MASTER.splitlines(keepends=True)[1], ("error", "name-repeated", "line 7")),
    (
        MASTER + MASTER.splitlines(keepends=True)[1].replace(b"English", b"More"),
        ("error", "several-defaults", "line 7"),
    ),
    (MASTER + b'#EXT-X-DEFINE:IMPORT="a"\n#EXT-X-VERSION:8\n', ("error", "import", "line 7")),
    (MASTER + b"#EXT-X-TARGETDURATION:4\n", ("error", "both-kinds", "line 7")),
    (MASTER + b'#EXT-X-CONTENT-STEERING:PATHWAY-ID="A"\n', ("error", "attribute-missing", "line 7")),
    (MASTER.replace(b"STREAM-INF", b"STREAM-INFO"), ("error", "no-variants", "the playlist")),
]


@pytest.mark.parametrize(("text", "problem"), MISTAKES, ids=lambda each: each[1] if isinstance(each, tuple) else "")
def test_a_mistake_is_found_in_its_place(text: bytes, problem: tuple[str, str, str]) -> None:
    assert problem in found(text)


def test_segments_above_the_bandwidth_of_their_variant_are_found() -> None:
    ranged = put(VOD, b"a.ts", b"#EXT-X-BYTERANGE:1000000@0")
    read = read_hls(ranged, BASE)
    assert isinstance(read, MediaPlaylist)
    assert [each.code for each in disagreements(Variant(bandwidth=1_000_000), read)] == ["bandwidth-too-low"]
    assert list(disagreements(Variant(bandwidth=2_000_000), read)) == []


TRULY_WRONG = {
    "manifestNoExtM3u.m3u8": {"no-extm3u"},
    "multipleTargetDurations.m3u8": {"tag-repeated", "no-media-sequence", "no-duration", "short-window", "no-comma"},
    "twoMediaSequences.m3u8": {"tag-repeated", "version-too-low"},
    "liveStart30sBefore.m3u8": {"segment-too-long"},
    "negativeMediaSequence.m3u8": {"not-a-number", "version-too-low"},
    "streamInfInvalid.m3u8": {"no-extm3u", "no-bandwidth", "no-codecs"},
    "emptyPlaylistType.m3u8": {"playlist-type"},
    "llhls.m3u8": {"hold-back", "stale"},
    "fmp4.m3u8": set(),
    "encrypted.m3u8": set(),
    "event.m3u8": set(),
    "discontinuity.m3u8": set(),
    "master-fmp4.m3u8": set(),
    "iFramePlaylist.m3u8": set(),
    "media.m3u8": set(),
    "whiteSpace.m3u8": set(),
    "playlist.m3u8": set(),
    "diff-init-key.m3u8": set(),
}
"""Looked through by eye."""


@pytest.mark.skipif(not corpus("hls"), reason="the suites are not beside the checkout")
@pytest.mark.parametrize("name", TRULY_WRONG)
def test_public_playlists_have_wrong_what_is_truly_wrong_with_them(name: str) -> None:
    text = (CORPORA / "hls" / name).read_bytes()
    assert {code for _, code, _ in found(text, datetime.now(UTC))} == TRULY_WRONG[name]
