"""DASH manifests as players read them, and those that are awkward, broken, or made to harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests import Kind, MalformedManifest, kind_of, link
from gateway.manifests.dash import DEEPEST, rewrite
from tests.manifests.corpora import corpus, no_link
from tests.manifests.dash_player import fetched

BASE = "https://o.example/a/b/live.mpd"
GATEWAY = "https://gateway.example"


def led(_reference: str, absolute: str) -> str:
    """The link of a manifest that was asked for by /api."""
    return "/play/G/" + absolute.replace("://", "/", 1)


def led_out(reference: str, absolute: str) -> str | None:
    """The link of a manifest that was asked for by /play, with a grant for its directory."""
    beneath = absolute.startswith("https://o.example/a/b/") and not reference.startswith(("https:", "/"))
    return None if beneath else led(reference, absolute)


def mpd(inside: str) -> bytes:
    return f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">{inside}</MPD>'.encode()


def rewritten(inside: str) -> str:
    return rewrite(mpd(inside), BASE, led).decode()


CDN = "<BaseURL>https://cdn.example/x/</BaseURL>"
TEMPLATE = '<SegmentTemplate media="$RepresentationID$/$Number%05d$.m4s?a=1&amp;b=2" initialization="i.mp4"/>'
PRESENTATIONS = [
    f"<Period><AdaptationSet>{TEMPLATE}<Representation/></AdaptationSet></Period>",
    f"{CDN}<Period><AdaptationSet>{TEMPLATE}<Representation/></AdaptationSet></Period>",
    f"<BaseURL/><BaseURL>q/</BaseURL><Period><AdaptationSet>{TEMPLATE}<Representation/></AdaptationSet></Period>",
    f"<Period><BaseURL> </BaseURL>{CDN}<AdaptationSet>{TEMPLATE}<Representation/></AdaptationSet></Period>",
    (
        f"{CDN}<Period><BaseURL>p1/</BaseURL><AdaptationSet><BaseURL>../y/</BaseURL>"
        f"{TEMPLATE}<Representation><BaseURL>v1/</BaseURL></Representation>"
        "<Representation><BaseURL>https://other.example/v2/</BaseURL></Representation></AdaptationSet></Period>"
    ),
    (
        f"<BaseURL>https://o.example/a/b/</BaseURL><Period><BaseURL>c/</BaseURL><AdaptationSet>{TEMPLATE}"
        "<Representation><BaseURL>/top/</BaseURL></Representation></AdaptationSet></Period>"
    ),
    (
        "<Period><AdaptationSet><Representation><BaseURL>https://cdn.example/d/file</BaseURL><SegmentList>"
        '<Initialization sourceURL="i"/><SegmentURL media="1" index="1.i"/><SegmentURL media="../2"/>'
        '<SegmentURL media="/3"/><SegmentURL media="//z.example/4"/><SegmentURL media=" https://cdn.example/d/5"/>'
        "</SegmentList></Representation></AdaptationSet></Period>"
    ),
    (
        "<BaseURL>https://cdn.example/</BaseURL><Period><AdaptationSet><Representation><SegmentList>"
        '<SegmentURL media="../1"/><SegmentURL media=" /2"/></SegmentList></Representation></AdaptationSet></Period>'
    ),
]
MANIFESTS = [*map(mpd, PRESENTATIONS), *corpus("dash")]


@pytest.mark.parametrize("text", MANIFESTS)
def test_a_player_of_a_manifest_from_api_fetches_the_same_through_the_gateway(text: bytes) -> None:
    played = fetched(rewrite(text, BASE, led), f"{GATEWAY}/api?url=x")
    assert played == [GATEWAY + led("", url) for url in fetched(text, BASE)]


@pytest.mark.parametrize("text", MANIFESTS)
def test_a_player_of_a_manifest_from_play_fetches_the_same_through_the_gateway(text: bytes) -> None:
    played = fetched(rewrite(text, BASE, led_out), GATEWAY + led("", BASE))
    assert played == [GATEWAY + led("", url) for url in fetched(text, BASE)]


def test_the_base_that_is_given_bears_the_manifests_own_prefix() -> None:
    text = b'<d:MPD xmlns:d="urn:mpeg:dash:schema:mpd:2011"><d:Period/></d:MPD>'
    base = b"<d:BaseURL>/play/G/https/o.example/a/b/</d:BaseURL>"
    assert rewrite(text, BASE, led) == text.replace(b"<d:Period/>", base + b"<d:Period/>")


def test_an_xlink_is_known_under_any_prefix() -> None:
    assert 'ns2:href="/play/G/https/x.example/p"' in rewritten('<Period xmlns:ns2="l" ns2:href="https://x.example/p"/>')


def test_a_licence_url_in_an_attribute_is_rewritten() -> None:
    inside = '<Period><m:laurl xmlns:m="ms" licenseUrl="https://l.example/?a=1&amp;b=2"/></Period>'
    assert 'licenseUrl="/play/G/https/l.example/?a=1&amp;b=2"' in rewritten(inside)


CALLBACK = '<Period><EventStream schemeIdUri="urn:mpeg:dash:event:callback:2015">{}</EventStream></Period>'


def test_a_callback_in_an_events_message_data_is_rewritten() -> None:
    assert 'messageData="/play/G/https/c.example/"' in rewritten(
        CALLBACK.format('<Event messageData="https://c.example/"/>')
    )


@pytest.mark.parametrize(
    "event",
    [
        '<Event contentEncoding="base64" messageData="aHR0cHM6"/>',
        '<Event contentEncoding="base64">aHR0cHM6</Event>',
    ],
)
def test_a_callback_that_is_encoded_stays(event: str) -> None:
    assert event in rewritten(CALLBACK.format(event))


def test_what_a_link_returns_is_escaped() -> None:
    text = mpd("<Period><Laurl>x</Laurl><SegmentURL media='x' index=\"x\"/></Period>")
    result = rewrite(text, BASE, lambda _reference, absolute: "a&b<c\"d'" if absolute.endswith("/x") else None)
    assert b"<Laurl>a&amp;b&lt;c\"d'</Laurl>" in result
    assert b"media='a&amp;b&lt;c\"d&apos;' index=\"a&amp;b&lt;c&quot;d'\"" in result


SEGMENTS = "<SegmentURL media='s'/>" * 1200
REPRESENTATIONS = "".join(f"<Representation><BaseURL>r{n}/</BaseURL></Representation>" for n in range(1200))
BASES = "".join(f"<BaseURL>b{n}/</BaseURL>" for n in range(8000))


@pytest.mark.parametrize(
    "text",
    [
        mpd("<BaseURL>https://x.example/</BaseURL>").decode().encode("utf-16"),
        mpd("").decode().encode("utf-16-le"),
        b'<?xml version="1.0" encoding="iso-8859-1"?><MPD><BaseURL>\xe9/</BaseURL></MPD>',
        b"<MPD>" + b"<a>" * DEEPEST + b"</a>" * DEEPEST + b"</MPD>",
        mpd(f"<BaseURL>https://x.example/{'a' * 9000}/</BaseURL>"),
        b"<MPD>" + b"<SegmentURL media='a'/>" * (link.MOST + 1) + b"</MPD>",
        mpd(f"<Period><SegmentList>{SEGMENTS}</SegmentList>{REPRESENTATIONS}</Period>"),
        mpd("<Period><SegmentTemplate media='s'/>" * 90 + BASES + "</Period>" * 90),
    ],
    ids=["utf-16", "utf-16 without mark", "not utf-8", "deep", "long base", "many references", "shared", "nested"],
)
def test_what_cannot_be_worked_through_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedManifest):
        rewrite(text, BASE, led)


def test_as_many_alternatives_as_an_origin_likes_are_worked_through_at_each_level() -> None:
    """A few of them: all would be a million for the innermost reference."""
    bases = "".join(f"<BaseURL>b{number}/</BaseURL>" for number in range(100))
    result = rewritten(f"{bases}<Period>{bases}<AdaptationSet>{bases}<SegmentURL media='/s'/></AdaptationSet></Period>")
    assert "media='/play/" in result


SPACE = st.text(" \t\r\n", max_size=4)
NOTE = st.text("abc é:/?#>=", max_size=12)
SEGMENT = st.tuples(SPACE, NOTE, st.sampled_from("\"'"), st.sampled_from(["seg.ts", "x/y?a&amp;b", "$Time$"]))


@given(st.lists(SEGMENT))
def test_every_byte_that_is_not_a_reference_stays(segments: list[tuple[str, str, str, str]]) -> None:
    inside = "".join(
        f"<!-- {note}-->{space}<SegmentURL note={quote}{note}{quote} {space}media{space}="
        f'{space}"https://o.example/{reference}"{space}/>'
        for space, note, quote, reference in segments
    )
    text = mpd(f"<BaseURL>https://o.example/</BaseURL><Period>{inside}</Period>")
    assert rewrite(text, BASE, no_link) == text
    assert rewrite(text, BASE, led) == text.replace(b"https://", b"/play/G/https/")


@pytest.mark.parametrize("name", ["baseurl", "BASEURL", "BaseUrl"])
@pytest.mark.parametrize("root", ["MPD", "mpd", "Mpd"])
def test_names_that_ffmpeg_reads_in_any_case_are_read_so(name: str, root: str) -> None:
    """It sends the header fields that it was told, a token among them, wherever a manifest leads it."""
    text = (
        f"<{root}><{name}>https://evil.example/</{name}><PERIOD><adaptationset>"
        '<segmenttemplate media="https://evil.example/$Number$.m4s" initialization="/i.mp4"/>'
        '<Representation><segmentlist><SegmentUrl media="https://evil.example/a"/>'
        '<initialization sourceURL="https://evil.example/b"/></segmentlist></Representation>'
        f"</adaptationset></PERIOD></{root}>"
    ).encode()
    assert kind_of("text/plain", text) is Kind.DASH
    told = rewrite(text, BASE, led)
    assert b"https://" not in told
    assert told.count(b"/play/G/https/evil.example/") == 5


@pytest.mark.parametrize("encoding", ["UTF-7", "utf-16le", "ISO-2022-JP", "HZ", "IBM037", "cp037", "cp65000", "x", ""])
def test_an_encoding_in_which_other_signs_are_xmls_is_refused(encoding: str) -> None:
    for quote in "\"'":
        text = f"<?xml version='1.0' encoding = {quote}{encoding}{quote}?>".encode() + mpd("")
        with pytest.raises(MalformedManifest, match="the gateway reads UTF-8"):
            rewrite(text, BASE, led)


@pytest.mark.parametrize(
    "encoding", ["UTF-8", "utf8", "us-ascii", "ISO-8859-15", "windows-1252", "utf-16", "GBK", "Shift_JIS", "EUC-KR"]
)
def test_an_encoding_in_which_xmls_signs_are_those_of_ascii_is_read(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + mpd(CDN)
    assert b"/play/G/https/cdn.example/x/" in rewrite(text, BASE, led)
