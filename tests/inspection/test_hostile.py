"""What an origin can send to keep the gateway busy, or to have it fail."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.origin import MEDIA
from gateway.inspection.inspected import Inspected, add_index, add_media, inspect_dash, inspect_file, inspect_hls
from gateway.inspection.told import MOST_FINDINGS, tell

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BASE = "https://media.example.com/a?x=1"
MEBIBYTE = 1 << 20
SECONDS = 20
"""That one mebibyte may take on a busy machine; what takes quadratic time takes minutes."""

MANY_STEPS = b'<SegmentTemplate timescale="1" media="$$"><SegmentTimeline>' + b'<S d="9" r="999999999"/>' * 20000
LONG: dict[str, bytes] = {
    "commas": b"#EXTM3U\n#EXT-X-STREAM-INF:" + b"," * MEBIBYTE,
    "quotes": b"#EXTM3U\n#EXT-X-STREAM-INF:" + b'"' * MEBIBYTE,
    "names": b"#EXTM3U\n#EXT-X-MEDIA:" + b"a" * MEBIBYTE,
    "equals": b"#EXTM3U\n#EXT-X-MEDIA:" + b"a=" * (MEBIBYTE // 2),
    "attributes": b"#EXTM3U\n#EXT-X-MEDIA:" + b',a="' * (MEBIBYTE // 4),
    "spaces": b"#EXTM3U\n#EXTINF:" + b" " * MEBIBYTE,
    "uris": b"#EXTM3U\n" + b"a\n" * (MEBIBYTE // 2),
    "tags": b"#EXTM3U\n" + b"#EXT\n" * (MEBIBYTE // 5),
    "keys": b"#EXTM3U\n" + b"".join(b'#EXT-X-KEY:METHOD=X,KEYFORMAT="%d"\na\n' % n for n in range(25000)),
    "variables": b'#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="' + b"x" * 8000 + b'"\n' + b"{$a}\n" * (MEBIBYTE // 5),
    "doubling": b"#EXTM3U\n"
    + b"".join(b'#EXT-X-DEFINE:NAME="a%d",VALUE="{$a%d}{$a%d}"\n' % (n + 1, n, n) for n in range(20000)),
    "variants": b"#EXTM3U\n" + b'#EXT-X-STREAM-INF:AUDIO="a"\nb\n' * (MEBIBYTE // 31),
    "dates": b"#EXTM3U\n"
    + b"#EXT-X-PROGRAM-DATE-TIME:9999-12-31T23:59:59Z\n#EXTINF:99999999999999999999,\na\n" * 12000,
    "date ranges": b"#EXTM3U\n" + b"#EXT-X-DATERANGE:ID=a\n" * (MEBIBYTE // 22),
    "less": b"<MPD " + b"<" * MEBIBYTE,
    "depth": b"<MPD>" + b"<a>" * (MEBIBYTE // 3),
    "elements": b"<MPD>" + b"<S/>" * (MEBIBYTE // 4),
    "xml attributes": b"<MPD " + b" ".join(b'a%d=""' % n for n in range(80000)) + b"/>",
    "references": b"<MPD>" + b"&amp;" * (MEBIBYTE // 5) + b"</MPD>",
    "entities": b'<!DOCTYPE MPD [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><MPD>&b;</MPD>',
    "periods": b"<MPD>" + b"<Period/>" * 49000 + b"</MPD>",
    "sets": b"<MPD><Period>" + b"<AdaptationSet><Representation/></AdaptationSet>" * 22000 + b"</Period></MPD>",
    "steps": b"<MPD><Period><AdaptationSet>"
    + MANY_STEPS
    + b"</SegmentTimeline></SegmentTemplate>"
    + b"<Representation/>" * 20000
    + b"</AdaptationSet></Period></MPD>",
    "dollars": b'<MPD><Period><AdaptationSet><SegmentTemplate media="'
    + b"$" * 500000
    + b'"/>'
    + b"<Representation/>" * 20000
    + b"</AdaptationSet></Period></MPD>",
    "boxes": b"\0\0\0\x08moov" * (65536 // 8),
    "large box": b"\0\0\0\x01mdat" + b"\xff" * 65528,
    "tracks": b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x16\x54\xae\x6b\xff" + b"\xae\x83\x83\x81\1" * 13_000,
    "clusters": b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff\x1f\x43\xb6\x75\xff" + b"\xa3\x84\x81\0\0\x80" * 10_000,
    "packets": (b"G@\0\x10\0" + b"\0" * 183) * 348,
}


def inspected(text: bytes) -> list[Inspected]:
    """By every reader, whatever it is."""
    hls = inspect_hls(text, BASE, NOW)
    files = [inspect_file(text[:65536], "", len(text)), add_index(text[:65536], text[:65536], 1000, None)]
    media = [add_media(hls, text, BASE, NOW)] if hls.next_uri else []
    return [hls, *media, inspect_dash(text, NOW, whole=True), inspect_dash(text, NOW, whole=False), *files]


def answers(text: bytes) -> list[str]:
    """What would be told; JSON has no word for what is not a number."""
    return [json.dumps(tell(each.presentation, each.findings), allow_nan=False) for each in inspected(text)]


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_mebibyte_of_anything_takes_seconds_and_is_told_in_little(text: bytes) -> None:
    started = time.process_time()
    told = answers(text)
    assert time.process_time() - started < SECONDS
    assert max(map(len, told)) < 500_000
    assert all(len(json.loads(each)["problems"]) <= MOST_FINDINGS for each in told)


LINES = st.sampled_from(
    [
        *(
            "#EXTM3U",
            "#EXTINF:",
            "#EXTINF:nan,",
            "#EXTINF:4.0,x",
            "a.m4s",
            "b.ts",
            "#EXT-X-ENDLIST",
            "#EXT-X-BYTERANGE:9@",
        ),
        *(
            "#EXT-X-KEY:",
            "#EXT-X-MAP:URI=",
            "#EXT-X-PART:DURATION=x",
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=9",
            "#EXT-X-DATERANGE:",
        ),
        *(
            '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.,mp4a.40."',
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="',
            "#EXT-X-DEFINE:",
        ),
        *(
            "#EXT-X-TARGETDURATION:99999999999999999999",
            "#EXT-X-MEDIA-SEQUENCE:-1",
            "#EXT-X-PROGRAM-DATE-TIME:0001-01-01",
        ),
        *(
            "#EXT-X-PROGRAM-DATE-TIME:9999-12-31T23:59:59-14:00",
            "#EXT-X-SERVER-CONTROL:HOLD-BACK=1",
            "#EXT-X-PART-INF:",
        ),
        "#EXT-X-PRELOAD-HINT:",
    ]
)


@given(st.lists(LINES | st.text(max_size=30), max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_playlist_is_too_odd_to_be_told(lines: list[str]) -> None:
    answers("\n".join(lines).encode("utf-8", "surrogatepass"))


@given(
    st.binary(max_size=300),
    st.sampled_from(["movie.mp4", "dash/init-2.m4s", "dash/manifest.mpd", "hls-ts/master.m3u8"]),
)
@settings(max_examples=150, deadline=None)
def test_no_file_is_too_broken_to_be_told(noise: bytes, name: str) -> None:
    good = (MEDIA / name).read_bytes()[:4000]
    at = len(noise) * 13 % len(good)
    answers(noise)
    answers(good[:at] + noise + good[at + len(noise) :])


@pytest.mark.parametrize("name", ["hls-ts/360p/index.m3u8", "hls-ts/master.m3u8", "hls-fmp4/index.m3u8"])
def test_what_was_cut_is_not_blamed_for_what_it_may_have_further_on(name: str) -> None:
    text = (MEDIA / name).read_bytes()
    for end in range(40, len(text)):
        found = inspect_hls(text[:end], BASE, NOW, whole=False)
        assert found.findings == (), text[:end]
        assert (found.presentation.live, found.presentation.duration) == (None, None)


def test_a_dash_manifest_that_was_cut_is_not_blamed_either() -> None:
    text = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    for end in range(text.index(b"<Period"), len(text)):
        assert {each.code for each in inspect_dash(text[:end], NOW, whole=False).findings} == {"cut"}, text[:end]


def test_more_elements_than_are_read_are_no_mistake() -> None:
    text = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    many = text.replace(b'<S t="0" d="49152" r="9" />', b'<S t="0" d="49152"/>' + b'<S d="1"/>' * 60_000)
    assert {each.code for each in inspect_dash(many, NOW, whole=True).findings} == {"cut"}
    playlist = (MEDIA / "hls-ts" / "360p" / "index.m3u8").read_bytes()
    long = playlist.replace(b"#EXTINF:4.000000,\n", b"#EXTINF:4.000000,\nx.ts\n" * 30_000 + b"#EXTINF:4,\n", 1)
    assert {each.code for each in inspect_hls(long, BASE, NOW).findings} == {"cut"}
