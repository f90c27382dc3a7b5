"""MPDs by which an origin would have players ask past the gateway, read by the parsers of real players."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.manifests.viewing import GATEWAY, Viewing
from gateway.identity import Scope
from gateway.manifests import Kind, MalformedManifest
from gateway.manifests.dash import rewrite
from tests.manifests.other_parsers import PARSERS, Asked, OtherParsers, Witness, urls

EVIL = "https://evil.example/"
TEMPLATE = '<SegmentTemplate duration="5" media="$Number$.m4s" initialization="i.mp4"/>'
BASE = f"<BaseURL>{EVIL}</BaseURL>"


def mpd(before: str = "", template: str = TEMPLATE, name: str = "v", bandwidth: str = "1000") -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT10S">'
        f'<Period id="p" start="PT0S">{before}<AdaptationSet mimeType="video/mp4" contentType="video">'
        f'<Representation id="{name}" bandwidth="{bandwidth}" codecs="avc1.42c00d">{template}</Representation>'
        "</AdaptationSet></Period></MPD>"
    )


def of(media: str) -> str:
    return f'<SegmentTemplate duration="5" media="{media}/$Number$.m4s" initialization="{media}/i.mp4"/>'


MANIFESTS = [
    mpd(f"<!-->{BASE}-->"),
    mpd(f"<!--->{BASE}-->"),
    mpd(f"<BaseURL>x/<!-->{EVIL}--></BaseURL>"),
    mpd(f"<?foo >{BASE}<?x ?>"),
    mpd(template=of("$RepresentationID$"), name=f"{EVIL}x"),
    mpd(template=of("$RepresentationID$"), name="//evil.example/x"),
    mpd(template=of("$RepresentationID$"), name=" \\\\evil.example/x"),
    mpd(template=of("h$RepresentationID$"), name="ttps://evil.example/x"),
    mpd(template=of("$RepresentationID%01d$"), name=f"{EVIL}x"),
    mpd(template=of("$Bandwidth$"), bandwidth=f"{EVIL}x"),
]


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    with OtherParsers() as parsers:
        yield Witness(parsers, Viewing.start())


@pytest.mark.parametrize("within", [None, Scope("https://o.example", "/a/")], ids=["api", "play"])
@pytest.mark.parametrize("text", MANIFESTS, ids=range(len(MANIFESTS)))
def test_no_player_is_led_past_the_gateway(witness: Witness, text: str, within: Scope | None) -> None:
    asked = Asked(Kind.DASH, text.encode(), "https://o.example/a/b.mpd", within)
    before = [url for parser in PARSERS[Kind.DASH] for url in asked_for(witness, parser, asked.text, asked.url)]
    assert any(url.startswith(EVIL) for url in before)
    after, seen_at = witness.served(asked)
    for parser in PARSERS[Kind.DASH]:
        assert all(url.startswith(GATEWAY) for url in asked_for(witness, parser, after, seen_at))


def asked_for(witness: Witness, parser: str, text: bytes, url: str) -> list[str]:
    return urls(witness.parsers.read(parser, Kind.DASH, url, text))


PATCH = '<Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="m">{}</Patch>'


@pytest.mark.parametrize(
    "text",
    [
        mpd(f"<BaseURL><x>{EVIL}</x></BaseURL>"),
        mpd(f"<BaseURL>x/{BASE}</BaseURL>"),
        mpd().replace("?>", f' a="?><!-- ">{BASE}-->', 1),
        PATCH.format(f'<replace sel="/MPD/Period/AdaptationSet/Representation/@id">{EVIL}</replace>'),
        PATCH.format(f'<add sel="/MPD/Period/AdaptationSet"><Representation id="{EVIL}"/></add>'),
    ],
)
def test_what_players_would_read_in_different_ways_is_refused(text: str) -> None:
    with pytest.raises(MalformedManifest):
        rewrite(text.encode(), "https://o.example/a/b.mpd", lambda _reference, _absolute: None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<SegmentURL xmlns:z="u" z:media="https://o.example/s"/>', '<SegmentURL xmlns:z="u" z:media="/play/G"/>'),
        ("<BaseURL>https://o.example:80x/</BaseURL>", "<BaseURL>/api?url=https%3A%2F%2Fo.example%3A80x%2F</BaseURL>"),
        ("<Location>data:,x</Location>", "<Location>/api?url=data%3A%2Cx</Location>"),
    ],
)
def test_what_ffmpeg_would_follow_leads_to_the_gateway(before: str, after: str) -> None:
    result = rewrite(f"<MPD>{before}</MPD>".encode(), "https://o.example/a/b.mpd", lambda *_: "/play/G").decode()
    assert after in result
    assert "o.example/s" not in result
