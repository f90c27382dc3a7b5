"""How long a manifest says that it plays."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests import Kind, Length, length
from gateway.manifests.decode import LARGEST
from tests.manifests.corpora import corpus

MEDIA = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXTINF:4.5,title\nb.ts\n"
END = b"#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (MEDIA, math.inf),
        (MEDIA + b"#EXT-X-PLAYLIST-TYPE:EVENT\n", math.inf),
        (MEDIA + END, 10.5),
        (MEDIA.replace(b"\n", b"\r\n") + END, 10.5),
        (MEDIA.replace(b"\n", b"\r") + END, 10.5),
        (END + MEDIA, 10.5),
        (MEDIA.replace(b":6,", b": 6 ,") + END, 10.5),
        (MEDIA.replace(b":6,", b":-1,") + END, 4.5),
        (MEDIA.replace(b":6,", b":nan,") + END, 4.5),
        (MEDIA.replace(b":6,", b":6") + END, 10.5),
        (b"#EXTM3U\n" + END, 0),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", None),
        (b"#EXTM3U\n", None),
        (b"", None),
    ],
)
def test_of_a_playlist_it_is_the_sum_of_its_segments_or_without_end(text: bytes, seconds: float | None) -> None:
    assert length(Kind.HLS, text).seconds == seconds


@pytest.mark.parametrize(
    ("text", "in_place"),
    [
        (MEDIA, True),
        (MEDIA + b"#EXT-X-PLAYLIST-TYPE:EVENT\n" + END, True),
        (b"#EXTM3U\r\n#EXT-X-PLAYLIST-TYPE: EVENT\r\n" + MEDIA + END, False),
        (b"#EXTM3U\r\n#EXT-X-PLAYLIST-TYPE:EVENT\r\n" + MEDIA + END, True),
        (MEDIA + b"#EXT-X-PLAYLIST-TYPE:VOD\n" + END, False),
        (MEDIA + END, False),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", False),
    ],
)
def test_a_playlist_is_read_in_place_while_it_is_live_and_an_event_to_its_end(text: bytes, in_place: bool) -> None:
    assert length(Kind.HLS, text).read_in_place == in_place


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ('mediaPresentationDuration="PT1H2M3.5S"', 3723.5),
        ('type="static" mediaPresentationDuration="P1DT1S"', 86401),
        ('type="static"', None),
        ('mediaPresentationDuration="long"', None),
        ('mediaPresentationDuration="PT0S"', None),
        ('type="dynamic"', math.inf),
        ('type="dynamic" mediaPresentationDuration="PT1H"', math.inf),
    ],
)
def test_of_a_presentation_it_is_what_its_root_says(attributes: str, seconds: float | None) -> None:
    assert length(Kind.DASH, f'<?xml version="1.0"?>\n<MPD {attributes}><x></MPD>'.encode()) == Length(seconds)


def test_of_what_cannot_be_read_it_is_not_told() -> None:
    assert length(Kind.DASH, b"<MPD") == Length()
    assert length(Kind.DASH, b"<!DOCTYPE MPD [<!ENTITY a 'PT1H'>]><MPD mediaPresentationDuration='&a;'/>") == Length()


@given(st.sampled_from(Kind), st.binary() | st.text("#EXT-X-ENDLISTINF:=,.0159\n \r\ufeff").map(str.encode))
def test_no_bytes_make_it_fail(kind: Kind, text: bytes) -> None:
    told = length(kind, text).seconds
    assert told is None or told >= 0


@pytest.mark.skipif(not (corpus("hls") and corpus("dash")), reason="the suites are not beside the checkout")
def test_manifests_of_public_suites_are_read() -> None:
    told = [length(kind, text).seconds for kind in Kind for text in corpus(kind.value)]
    assert any(seconds is None for seconds in told)
    assert any(seconds == math.inf for seconds in told)
    assert any(seconds is not None and 1 < seconds < 10**6 for seconds in told)


@pytest.mark.parametrize(
    "piece", [b"#EXTINF:", b"#EXTINF:6,\na.ts\n", b"#EXTINF:" + b" " * 500, b"#EXTINF:" + b"9" * 500]
)
def test_the_largest_manifests_are_read_in_linear_time(piece: bytes) -> None:
    text = MEDIA + END + piece * (LARGEST // len(piece))
    began = time.process_time()
    length(Kind.HLS, text)
    assert time.process_time() - began < 10
