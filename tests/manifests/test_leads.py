"""With real grants, all that a manifest names leads to the gateway, and nothing else in it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from benchmarks.manifests.suites import BASES, SCOPES, playlist_references, presentation_references, same_tree
from benchmarks.manifests.viewing import Rewritten, Viewing, strays, undone
from gateway.identity import Scope
from gateway.manifests import Kind
from tests.manifests.corpora import corpus

PLAYLIST = b"""#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="../audio/a.m3u8"
#EXT-X-CONTENT-STEERING:SERVER-URI="//steer.example/x",PATHWAY-ID="."
#EXT-X-DATERANGE:ID="d",X-ASSET-LIST="/ads/list?x=1",X-URI="next"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"\r
#EXT-X-STREAM-INF:BANDWIDTH=1
https://cdn.example/v/v.m3u8
low.m3u8
"""
PRESENTATION = b"""<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT8S">
<BaseURL>https://cdn.example/x/</BaseURL><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>
<Period><AdaptationSet><SegmentTemplate media="$RepresentationID$/$Number%03d$.m4s" initialization="/i.mp4"/>
<Representation id="1" bandwidth="1"><BaseURL>v/</BaseURL></Representation></AdaptationSet></Period></MPD>"""
SAMPLES = [
    *((Kind.HLS, text) for text in (PLAYLIST, *corpus("hls"))),
    *((Kind.DASH, text) for text in (PRESENTATION, *corpus("dash"))),
]


@pytest.fixture(scope="module")
def viewing() -> Viewing:
    return Viewing.start()


def found(kind: Kind, text: bytes) -> Iterator[str]:
    return playlist_references(text) if kind is Kind.HLS else presentation_references(text)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("kind", "text"), SAMPLES, ids=range(len(SAMPLES)))
def test_each_reference_leads_to_the_gateway_and_nothing_else_changes(
    viewing: Viewing, kind: Kind, text: bytes, scope: Scope | None
) -> None:
    seen = viewing.rewritten(kind, text, BASES[kind], scope)
    assert strays(viewing, seen, found(kind, seen.after)) == []
    assert undone(seen) == text if kind is Kind.HLS else same_tree(seen)


def swapped(seen: Rewritten, before: bytes, after: bytes) -> Rewritten:
    assert before in seen.after
    return replace(seen, after=seen.after.replace(before, after, 1))


def test_the_witness_sees_what_leads_elsewhere_and_what_changed(viewing: Viewing) -> None:
    seen = viewing.rewritten(Kind.HLS, PLAYLIST, BASES[Kind.HLS])
    link = seen.written[-1][0].encode()
    for other in (
        b"https://o.example/a/b/low.m3u8",
        link[:-12] + b"x/../low.m3u8",
        link.replace(b"/play/", b"/play/x"),
    ):
        moved = swapped(seen, link, other)
        assert len(strays(viewing, moved, found(Kind.HLS, moved.after))) == 1
    assert undone(swapped(seen, b"TYPE", b"TYPO")) != PLAYLIST
    tree = viewing.rewritten(Kind.DASH, PRESENTATION, BASES[Kind.DASH])
    assert not same_tree(swapped(tree, b'bandwidth="1"', b'bandwidth="2"'))
    first = ET.fromstring(tree.after).findtext("{*}BaseURL") or ""
    assert not same_tree(swapped(tree, first.encode(), b"https://elsewhere.example/"))
