"""How old manifests may be given out."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.live import UNTOLD, most_stale
from gateway.manifests import Kind
from gateway.manifests.decode import LARGEST
from tests.manifests.corpora import corpus

LIVE = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n"
PARTS = b"#EXT-X-PART-INF:PART-TARGET=0.5\n"
BLOCKING = b"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n"


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (LIVE, 3),
        (LIVE.replace(b"\n", b"\r\n"), 3),
        (LIVE.replace(b"\n", b"\r"), 3),
        (b"\xef\xbb\xbf" + LIVE, 3),
        (b"#EXT-X-TARGETDURATION:6\n", 3),
        (LIVE.replace(b":6\n", b":5.5\n", 1), 2.75),
        (LIVE.replace(b":6\n", b": 6 \n", 1), 3),
        (LIVE.replace(b":6\n", b":x\n", 1), 0.5),
        (LIVE.replace(b":6\n", b":0\n", 1), 0.5),
        (LIVE.replace(b":6\n", b"\n", 1), 0.5),
        (LIVE + b"#EXT-X-TARGETDURATION:2\n", 1),
        (LIVE + b"#EXT-X-PLAYLIST-TYPE:EVENT\n", 3),
        (LIVE + b"#EXT-X-ENDLIST\n", None),
        (LIVE + b"#EXT-X-ENDLIST", None),
        (b"#EXTM3U\n#EXT-X-ENDLIST\n" + LIVE, None),
        (LIVE + b"  #EXT-X-ENDLIST  \r\n", None),
        (LIVE + b"#EXT-X-ENDLISTED\n", 3),
        (LIVE + b"# #EXT-X-ENDLIST\n", 3),
        (LIVE + b"#" + b" " * 50 + b"#EXT-X-ENDLIST\n", 3),
        (LIVE + b"a.ts?#EXT-X-ENDLIST\n", 3),
        (LIVE + b'#EXT-X-DATERANGE:ID="#EXT-X-ENDLIST"\n', 3),
        (LIVE + PARTS + BLOCKING, 0.25),
        (BLOCKING + PARTS + LIVE, 0.25),
        (LIVE + PARTS, 3),
        (LIVE + BLOCKING, 3),
        (LIVE + PARTS + BLOCKING.replace(b"YES", b"NO"), 3),
        (LIVE + PARTS + BLOCKING + b"#EXT-X-ENDLIST\n", None),
        (LIVE + PARTS.replace(b"PART-TARGET", b"X-PART-TARGET") + BLOCKING, 0.5),
        (LIVE + PARTS.replace(b":", b":X=1, ") + BLOCKING.replace(b":", b":CAN-SKIP-UNTIL=9.0,"), 0.25),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", None),
        (b'#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="a"\n', None),
        (b"#EXTM3U\n#EXTINF:6,\na.ts\n", UNTOLD),
        (b"", None),
    ],
)
def test_an_hls_playlist_may_be_half_a_target_duration_old(text: bytes, most: float | None) -> None:
    assert most_stale(Kind.HLS, text) == most


@pytest.mark.parametrize(
    ("attributes", "most"),
    [
        ("", None),
        ('type="static" minimumUpdatePeriod="PT2S"', None),
        ('type="dynamic" minimumUpdatePeriod="PT2S"', 1),
        ("type='dynamic' minimumUpdatePeriod='PT2.5S'", 1.25),
        ('type=" dynamic " minimumUpdatePeriod=" PT2S "', 1),
        ('type="dynamic" minimumUpdatePeriod="PT1M2S"', 31),
        ('type="dynamic" minimumUpdatePeriod="P0Y0M0DT0H0M2.000S"', 1),
        ('type="dynamic" minimumUpdatePeriod="P1DT1H"', 45_000),
        ('type="dynamic" minimumUpdatePeriod="PT0S" maxSegmentDuration="PT4S"', 2),
        ('type="dynamic" minimumUpdatePeriod="-PT9S" maxSegmentDuration="PT4S"', 2),
        ('type="dynamic" minimumUpdatePeriod="soon" maxSegmentDuration="PT4S"', 2),
        ('type="dynamic" maxSegmentDuration="PT4S"', 2),
        ('type="dynamic" maxSegmentDuration="PT0S"', UNTOLD),
        ('type="dynamic"', UNTOLD),
        ('other="type=&quot;dynamic&quot;"', None),
    ],
)
def test_a_dash_manifest_may_be_half_an_update_period_old(attributes: str, most: float | None) -> None:
    document = f'<?xml version="1.0"?>\n<!-- <MPD type="dynamic"> -->\n<p:MPD xmlns:p="urn:x" {attributes}><x></p:MPD>'
    assert most_stale(Kind.DASH, document.encode()) == most
    assert most_stale(Kind.DASH, document.replace("p:", "").encode()) == most


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0",
        b"<MPD",
        b"<Patch/>",
        b"<!DOCTYPE MPD [<!ENTITY a 'dynamic'>]><MPD type='&a;'/>",
        b"<MPD type='\xff'/>",
    ],
)
def test_a_dash_manifest_that_cannot_be_read_may_not_be_old(text: bytes) -> None:
    assert most_stale(Kind.DASH, text) == UNTOLD


@given(st.sampled_from(Kind), st.binary() | st.text("#EXT-X-ENDLISTARGUO:=,.0159\n \r\ufeff").map(str.encode))
def test_no_bytes_make_it_fail(kind: Kind, text: bytes) -> None:
    most = most_stale(kind, text)
    assert most is None or most > 0


@given(st.text("P0123456789YMDTHS.-", max_size=12))
def test_no_duration_makes_it_fail(duration: str) -> None:
    most = most_stale(Kind.DASH, f'<MPD type="dynamic" minimumUpdatePeriod="{duration}"/>'.encode())
    assert most is not None
    assert most > 0


@pytest.mark.skipif(not (corpus("hls") and corpus("dash")), reason="the suites are not beside the checkout")
def test_manifests_of_public_suites_are_read() -> None:
    for kind in Kind:
        for text in corpus(kind.value):
            most = most_stale(kind, text)
            assert most is None or most > 0


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "piece",
    [
        b"#EXT-X-ENDLIST", b"#EXT-X-", b" #EXT-X-TARGETDURATION:1", b"#EXT-X-TARGETDURATION:1\n", b" ", b"\n", b"\n  ",
        b"#EXTINF:6,\na.ts\n", b"<", b"<!--", b"<!-- -->", b"<?x ?>", b"<MPD ", b"&a;", b"\xef\xbb\xbf", b"\0",
        b"#EXT-X-PART-INF:,,,,\n", b"#EXT-X-PART-INF:" + b"," * 2000,
    ],
)  # fmt: skip
def test_the_largest_manifests_are_read_in_linear_time(kind: Kind, piece: bytes) -> None:
    for start in (b"", b"<MPD ", b"<!--"):
        text = start + piece * (LARGEST // len(piece))
        began = time.process_time()
        most_stale(kind, text)
        assert time.process_time() - began < 10
