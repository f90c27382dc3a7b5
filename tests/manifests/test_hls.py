"""HLS playlists: each reference is rewritten, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests.hls import rewrite
from gateway.manifests.hls.references import REFERENCES
from tests.manifests.corpora import corpus, name_link, no_link

BASE = "https://cdn.example.com/a/b/list.m3u8?token=t1"
SAMPLE = b"""\xef\xbb\xbf#EXTM3U\r
#EXT-X-VERSION:9\r
\r
#EXT-X-STREAM-INF:BANDWIDTH=1,NAME="a,URI=b"\r
low/index.m3u8 \r
# a comment with URI="x"
#EXT-X-UNKNOWN:URI="keep"
\xff\xfe.ts
"""


def line(text: str) -> str:
    return rewrite(text.encode(), BASE, name_link).decode()


@pytest.mark.parametrize("tag", [tag for tag, names in REFERENCES.items() if "URI" in names])
def test_the_uri_of_every_tag_that_has_one_is_rewritten(tag: str) -> None:
    assert line(f'#{tag}:A=1,URI="x/y.bin?q=1",B="c"') == (
        f'#{tag}:A=1,URI="/play/G/https://cdn.example.com/a/b/x/y.bin?q=1",B="c"'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("seg.ts", "/play/G/https://cdn.example.com/a/b/seg.ts"),
        ("../seg.ts?x=1&y=2", "/play/G/https://cdn.example.com/a/seg.ts?x=1&y=2"),
        ("/seg.ts", "/play/G/https://cdn.example.com/seg.ts"),
        ("//other.example/seg.ts", "/play/G/https://other.example/seg.ts"),
        ("http://other.example:81/seg.ts", "/play/G/http://other.example:81/seg.ts"),
        ("  seg.ts\t", "  /play/G/https://cdn.example.com/a/b/seg.ts\t"),
        ("sög.ts", "/play/G/https://cdn.example.com/a/b/s%C3%B6g.ts"),
        ("data:text/plain,x", "data:text/plain,x"),
        (
            '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="k"',
            '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="k"',
        ),
        ("#EXT-X-KEY:METHOD=NONE", "#EXT-X-KEY:METHOD=NONE"),
        ('#EXT-X-MAP:URI=""', '#EXT-X-MAP:URI=""'),
        ('#EXT-X-MEDIA:NAME="URI=x",X-URI="k"', '#EXT-X-MEDIA:NAME="URI=x",X-URI="k"'),
        ('#EXTINF:4,URI="title"', '#EXTINF:4,URI="title"'),
        ("#EXT-X-BYTERANGE:1@2", "#EXT-X-BYTERANGE:1@2"),
        (
            '#EXT-X-CONTENT-STEERING:SERVER-URI="/s.json",PATHWAY-ID="URI"',
            '#EXT-X-CONTENT-STEERING:SERVER-URI="/play/G/https://cdn.example.com/s.json",PATHWAY-ID="URI"',
        ),
        (
            '#EXT-X-DATERANGE:ID="1",X-ASSET-URI="ad.m3u8",X-ASSET-LIST="list.json",X-OTHER="o"',
            (
                '#EXT-X-DATERANGE:ID="1",X-ASSET-URI="/play/G/https://cdn.example.com/a/b/ad.m3u8",'
                'X-ASSET-LIST="/play/G/https://cdn.example.com/a/b/list.json",X-OTHER="o"'
            ),
        ),
    ],
)
def test_a_line_leads_where_it_should(before: str, after: str) -> None:
    assert line(before) == after


def test_variables_are_filled_in_before_a_reference_resolves() -> None:
    playlist = (
        '#EXTM3U\n#EXT-X-DEFINE:NAME="h",VALUE="https://v.example"\n#EXT-X-DEFINE:QUERYPARAM="token"\n'
        '#EXT-X-DEFINE:IMPORT="far"\n{$h}/a.ts?t={$token}\n{$far}/b.ts\n{$undefined}.ts\n'
        '#EXT-X-MAP:URI="{$h}/i.mp4"\n'
    )
    lines = line(playlist).splitlines()
    assert lines[2:] == [
        '#EXT-X-DEFINE:NAME="token",VALUE="t1"',
        '#EXT-X-DEFINE:IMPORT="far"',
        "/play/G/https://v.example/a.ts?t=t1",
        "/play/G/https://cdn.example.com/a/b/%7B$far%7D/b.ts",
        "/play/G/https://cdn.example.com/a/b/%7B$undefined%7D.ts",
        '#EXT-X-MAP:URI="/play/G/https://v.example/i.mp4"',
    ]


def test_every_other_byte_stays() -> None:
    rewritten = rewrite(SAMPLE, BASE, name_link)
    assert rewritten == SAMPLE.replace(b"low/", b"/play/G/https://cdn.example.com/a/b/low/").replace(
        b"\xff\xfe.ts", rewritten.splitlines()[-1]
    )


@pytest.mark.parametrize("sample", [SAMPLE, *corpus("hls")])
def test_a_playlist_that_no_link_touches_is_the_same_to_the_byte(sample: bytes) -> None:
    assert rewrite(sample, BASE, no_link) == sample


@pytest.mark.parametrize("sample", [SAMPLE[3:-7], *corpus("hls")])
def test_undoing_the_links_gives_the_playlist_back(sample: bytes) -> None:
    written: dict[str, str] = {}

    def numbered(reference: str, _absolute: str) -> str:
        return written.setdefault(reference, f"/play/{len(written)}/")

    text = rewrite(sample, BASE, numbered).decode("utf-8", "surrogateescape")
    for reference, link in written.items():
        text = text.replace(link, reference)
    assert text.encode("utf-8", "surrogateescape") == sample


def is_read_alike(sample: bytes) -> bool:
    """Whether all players read some bytes alike; a variable is never left to them."""
    return not any(mark in sample for mark in (b"{$", b"\0", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"#EXT"))


@given(st.binary(max_size=400).filter(is_read_alike))
def test_any_bytes_pass_untouched_when_no_link_touches_them(sample: bytes) -> None:
    assert rewrite(sample, BASE, no_link) == sample


@given(
    st.lists(st.sampled_from(["#EXTM3U", "#EXTINF:4,", "", "# x", "#EXT-X-ENDLIST"])), st.sampled_from(["\n", "\r\n"])
)
def test_lines_that_are_no_references_keep_their_place_and_their_ends(lines: list[str], end: str) -> None:
    text = end.join([*lines, "s.ts", *lines]).encode()
    assert rewrite(text, BASE, lambda _reference, _absolute: "L") == text.replace(b"s.ts", b"L")
