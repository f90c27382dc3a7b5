"""DASH: live manifests, which have a Location under a grant that holds, their patches, and fragments by xlink."""

from __future__ import annotations

import re

import pytest

from gateway.manifests import MalformedManifest, kind_of
from gateway.manifests.dash import rewrite
from gateway.manifests.sniff import Kind

BASE = "https://o.example/a/b/live.mpd?x=1&y=2"
LOCATION = "<Location>/play/G/https/o.example/a/b/live.mpd?x=1&amp;y=2</Location>"


def led(_reference: str, absolute: str) -> str:
    """The link of what was asked for by /api, or under a grant that is to be followed by a newer one."""
    return "/play/G/" + absolute.replace("://", "/", 1)


def led_out(reference: str, absolute: str) -> str | None:
    """The link of what was asked for by /play, under the grant of the day."""
    beneath = absolute.startswith("https://o.example/a/b/") and not reference.startswith(("https:", "/"))
    return None if beneath else led(reference, absolute)


def live(inside: str) -> str:
    return f"<MPD type='dynamic' publishTime='2026-11-24T10:00:00Z'>{inside}</MPD>"


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ("|<Period/>", "<Period/>"),
        ("<ProgramInformation><Title/></ProgramInformation>|<PatchLocation>p</PatchLocation><Period/>", ""),
        ("<BaseURL>c/</BaseURL><BaseURL>d/</BaseURL>|<ServiceDescription/><Period><BaseURL>e/</BaseURL></Period>", ""),
        ("<BaseURL>c/</BaseURL ><!-- > -->|", ""),
        ("|\n <UTCTiming schemeIdUri='urn:mpeg:dash:utc:direct:2014'/>", ""),
    ],
)
def test_a_live_manifest_is_given_a_location_where_the_schema_wants_it(inside: str, place: str) -> None:
    text = live(inside.replace("|", ""))
    result = rewrite(text.encode(), BASE, led_out).decode()
    before = inside.partition("|")[0].removesuffix("<!-- > -->")
    assert before + LOCATION in result.replace("/play/G/https/o.example/a/b/p<", "p<")
    assert place in result
    assert result.count("<Location>") == 1


def test_a_live_manifest_from_api_is_given_a_base_and_then_a_location() -> None:
    result = rewrite(live("<Period/>").encode(), BASE, led).decode()
    assert f"'><BaseURL>/play/G/https/o.example/a/b/</BaseURL>{LOCATION}<Period/>" in result


@pytest.mark.parametrize("inside", ["<Period/>", "<Location>live.mpd?x=1&amp;y=2</Location><Period/>"])
@pytest.mark.parametrize(
    ("own", "written"), [("https://gw.example", "https://gw.example/play/"), ("//gw.example", "/play/"), ("", "/play/")]
)
def test_a_location_is_whole_where_the_scheme_is_known(inside: str, own: str, written: str) -> None:
    result = rewrite(live(inside).encode(), BASE, led, own).decode()
    assert LOCATION.replace("/play/", written) in result


@pytest.mark.parametrize("kind", ["", "type='static'"])
def test_a_manifest_that_is_not_live_is_given_none(kind: str) -> None:
    assert b"Location" not in rewrite(f"<MPD {kind}><Period/></MPD>".encode(), BASE, led)


def test_an_own_location_is_renewed_even_where_it_would_lead_right_by_itself() -> None:
    text = live("<Location>live.mpd?x=1&amp;y=2</Location><Period/>")
    assert rewrite(text.encode(), BASE, led_out).decode() == live(f"{LOCATION}<Period/>")


def test_an_mpd_without_an_end_tag_cannot_be_given_anything() -> None:
    text = b"<MPD type='dynamic'/>"
    assert rewrite(text, BASE, led) == text


# -- patches -----------------------------------------------------------------------------------------------------------

PATCH = '<p:Patch xmlns:p="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="m" publishTime="2">{}</p:Patch>'
BASE_PATCH = "https://o.example/a/b/patch?v=1"


def patched(operation: str, link: object = led_out) -> str:
    return rewrite(PATCH.format(operation).encode(), BASE_PATCH, link, "https://gw.example").decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<replace sel="/MPD/Period[1]/AdaptationSet[@id=\'1/@x\']/SegmentTemplate/@media">https://x.example/$Number$</replace>', ">/play/G/https/x.example/$Number$</replace>"),
        ('<p:replace sel="/d:MPD/d:Period/d:SegmentTemplate/@media"> /n.m4s </p:replace>', "> /play/G/https/o.example/n.m4s </p:replace>"),
        ('<add sel="/MPD/Period/SegmentTemplate" type="@initialization">https://x.example/i</add>', ">/play/G/https/x.example/i</add>"),
        ('<replace sel="/MPD/BaseURL[1]/text()">https://x.example/</replace>', ">/play/G/https/x.example/</replace>"),
        ('<replace sel="/MPD/BaseURL[1]"><BaseURL>https://x.example/</BaseURL></replace>', "<BaseURL>https://gw.example/play/G/https/x.example/</BaseURL>"),
        ('<replace sel="/MPD/PatchLocation[1]"><PatchLocation ttl="60">patch?v=2</PatchLocation></replace>', '<PatchLocation ttl="60">https://gw.example/play/G/https/o.example/a/b/patch?v=2<'),
        ('<add sel="/MPD" pos="prepend"><Location>/l.mpd</Location></add>', "<Location>https://gw.example/play/G/https/o.example/l.mpd<"),
        ('<add sel="/MPD"><Period><BaseURL>https://x.example/d/</BaseURL><SegmentTemplate media="n" index="/i"/></Period></add>', '<BaseURL>https://gw.example/play/G/https/x.example/d/</BaseURL><SegmentTemplate media="n" index="/play/G/https/x.example/i"/>'),
        ('<replace sel="/MPD/UTCTiming/@value">https://x.example/t</replace>', ">https://gw.example/play/G/https/x.example/t<"),
        ('<add sel="/MPD/Period/EventStream[@schemeIdUri=\'urn:mpeg:dash:event:callback:2015\']"><Event messageData="https://x.example/e"/></add>', 'messageData="https://gw.example/play/G/https/x.example/e"'),
        ('<add sel="/MPD/Period/AdaptationSet"><ContentProtection><Laurl>https://x.example/l</Laurl></ContentProtection></add>', ">https://gw.example/play/G/https/x.example/l<"),
    ],
)  # fmt: skip
def test_what_a_patch_puts_in_leads_to_the_gateway(before: str, after: str) -> None:
    assert after in patched(before)


@pytest.mark.parametrize(
    "operation",
    [
        '<replace sel="/MPD/@publishTime">2026-11-24T10:00:02Z</replace>',
        '<replace sel="/MPD/Period/SegmentTemplate/@media">v/../$Number$.m4s</replace>',
        '<add sel="/MPD/Period/SegmentTemplate/SegmentTimeline"><S t="3" d="1"/></add>',
        '<add sel="/MPD/Period"><Representation><BaseURL>v/</BaseURL><SegmentURL media="1"/></Representation></add>',
        '<remove sel="/MPD/Period[1]"/>',
        '<add sel="/MPD/ProgramInformation/Title">https://x.example/</add>',
    ],
)
def test_the_rest_of_a_patch_is_for_the_players_manifest_and_stays(operation: str) -> None:
    assert patched(operation, led) == PATCH.format(operation)


@pytest.mark.parametrize(
    "location",
    [
        '<PatchLocation ttl="60">p</PatchLocation>',
        "<PatchLocation serviceLocation='a'>p</PatchLocation>",
        "<d:PatchLocation>p</d:PatchLocation>",
        "<é:PatchLocation>p</é:PatchLocation>",
    ],
)
def test_under_a_grant_that_has_a_successor_the_next_patch_is_none(location: str) -> None:
    operation = f'<replace sel="/MPD/PatchLocation[1]">{location}</replace>'
    assert re.search(r'PatchLocation (serviceLocation=\S+ )?ttl="1"', patched(operation, led))
    assert ' ttl="1"' not in patched(operation, led_out)
    assert patched(operation, led).count("ttl") == 1


# -- fragments ---------------------------------------------------------------------------------------------------------


def fragment(text: str) -> str:
    return rewrite(text.encode(), "https://ads.example/x/y.xml", led).decode()


def test_a_fragment_may_have_several_roots_whose_relative_references_are_the_manifests() -> None:
    text = (
        '<?xml version="1.0"?>\n<Period id="1"><AdaptationSet><SegmentTemplate media="{}a/$Number$"/></AdaptationSet></Period>'
        '<!-- c --><Period id="2"><BaseURL>{}/v/</BaseURL><SegmentTemplate media="../n"/><Location/></Period>\n'
    )
    assert fragment(text.format("", "rel")) == text.format("", "rel")
    assert fragment(text.format("/", "https://x.example")) == text.format(
        "/play/G/https/ads.example/", "/play/G/https/x.example"
    ).replace('"../n"', '"/play/G/https/x.example/n"')


def test_a_fragment_may_name_further_ones() -> None:
    text = '<EventStream xlink:href="https://x.example/e"/>'
    assert fragment(text) == '<EventStream xlink:href="/play/G/https/x.example/e"/>'


def test_a_fragment_of_nothing_is_refused() -> None:
    with pytest.raises(MalformedManifest):
        fragment("<!-- nothing -->")


@pytest.mark.parametrize(
    ("content_type", "start", "kind"),
    [
        ("application/dash+xml", b"<?xml version='1.0'?><Period id='1'>", Kind.DASH),
        ("text/xml; charset=utf-8", b"\xef\xbb\xbf<AdaptationSet/>", Kind.DASH),
        ("application/xml", b"<d:EventStream xmlns:d='x'>", Kind.DASH),
        ("application/dash-patch+xml", b"<Patch>", Kind.DASH),
        ("text/plain", b"<Patch xmlns='urn:mpeg:dash:schema:mpd-patch:2020' mpdId='a'>", Kind.DASH),
        ("text/plain", b"<Patch>", None),
        ("text/plain", b"<Period>", None),
        ("application/xml", b"<Periodical>", None),
        ("application/xml", b"<rss>", None),
        ("text/html", b"<SegmentList>", None),
    ],
)
def test_patches_and_fragments_are_told_by_type_and_first_bytes(
    content_type: str, start: bytes, kind: Kind | None
) -> None:
    assert kind_of(content_type, start) is kind


@pytest.mark.parametrize("selector", ["[" * 500_000, "[&quot;a&quot;" * 250_000, "['a' " * 250_000, "['" * 250_000])
def test_a_selector_that_is_never_closed_takes_linear_time(selector: str) -> None:
    # Quadratic time would take this test hours, and the runner's own limit would end it.
    text = f'<Patch><add sel="/MPD{selector}">https://x.example/</add></Patch>'.encode()
    assert rewrite(text, BASE, lambda _reference, absolute: f"/play/G/{absolute}") == text
