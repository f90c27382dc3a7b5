"""DASH: every place where a manifest names something, and what players do with what stands there."""

from __future__ import annotations

import pytest

from gateway.manifests.dash import rewrite

BASE = "https://o.example/a/b/live.mpd?sig=1&x=%2F"
OWN = "https://gateway.example"


def led(_reference: str, absolute: str) -> str:
    """The link of a manifest that was asked for by /api."""
    return "/play/G/" + absolute.replace("://", "/", 1)


def licensed(_reference: str, absolute: str) -> str:
    return "/play/L/" + absolute.replace("://", "/", 1)


def rewritten(inside: str, own: str = OWN) -> str:
    text = f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">{inside}</MPD>'
    return rewrite(text.encode(), BASE, led, own, licensed).decode()


WHOLE = f"{OWN}/play/G/https/x.example/p"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<Period xlink:href="https://x.example/p" xlink:actuate="onLoad"/>', f'xlink:href="{WHOLE}" xlink:actuate'),
        ('<Period xlink:href="p"/>', f'xlink:href="{OWN}/play/G/https/o.example/a/b/p"'),
        ('<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-head:2014" value="https://x.example/p"/>', f'value="{WHOLE}"'),
        ('<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="p  /q"/>', f'value="{OWN}/play/G/https/o.example/a/b/p {OWN}/play/G/https/o.example/q"'),
        ('<UTCTiming value="https://x.example/p" schemeIdUri="urn:mpeg:dash:utc:http-ntp:2014"/>', f'value="{WHOLE}"'),
        ('<ContentSteering defaultServiceLocation="a" queryBeforeStart="true">https://x.example/p</ContentSteering>', f'queryBeforeStart="true">{WHOLE}<'),
        ('<ContentSteering proxyServerURL="https://x.example/p">https://y.example/</ContentSteering>', f'proxyServerURL="{WHOLE}"'),
        ('<Metrics metrics="m"><Reporting dvb:reportingUrl="https://x.example/p" dvb:probability="5"/></Metrics>', f'dvb:reportingUrl="{WHOLE}" dvb:probability'),
        ("<ImportedMPD earliestResolutionTimeOffset='9'>https://x.example/p</ImportedMPD>", f"'9'>{WHOLE}<"),
        ('<Event presentationTime="0"><ReplacePresentation url="https://x.example/p" clip="true"/></Event>', f'url="{WHOLE}" clip'),
        ('<InsertPresentation uri="https://x.example/p" url="q"/>', f'uri="{WHOLE}" url="{OWN}/play/G/https/o.example/a/b/q"'),
        ('<Event><AlternativeMPD uri="https://x.example/p"/></Event>', f'<AlternativeMPD uri="{WHOLE}"/>'),
        ('<Event><OverlayEvent uri="https://x.example/p" z="1"><Background uri="/q"/></OverlayEvent></Event>', f'uri="{WHOLE}" z="1"><Background uri="{OWN}/play/G/https/o.example/q"/>'),
        ('<SupplementalProperty schemeIdUri="urn:mpeg:dash:chaining:2016" value="https://x.example/p"/>', f'value="{WHOLE}"'),
        ('<EssentialProperty schemeIdUri="urn:mpeg:dash:fallback:2016" value="/q https://x.example/p"/>', f'value="{OWN}/play/G/https/o.example/q {WHOLE}"'),
        ('<SupplementalProperty schemeIdUri="urn:dvb:dash:fontdownload:2014" value="1" dvb:url="https://x.example/p"/>', f'value="1" dvb:url="{WHOLE}"'),
        ('<sea:CryptoPeriod IV="0x1" keyUriTemplate="https://x.example/$Time$?a&amp;b"/>', 'keyUriTemplate="/play/G/https/x.example/$Time$?a&amp;b"'),
        ('<dashif:Laurl licenseType="EME-1.0">https://x.example/p</dashif:Laurl>', f'"EME-1.0">{OWN}/play/L/https/x.example/p<'),
        ("<dashif:authzurl>https://x.example/p</dashif:authzurl>", f">{OWN}/play/L/https/x.example/p<"),
        ("<dashif:Certurl>https://x.example/p</dashif:Certurl>", f">{WHOLE}<"),
        ('<clearkey:Laurl Lic_type="EME-1.0">/lic?a=1&amp;b=2</clearkey:Laurl>', f">{OWN}/play/L/https/o.example/lic?a=1&amp;b=2<"),
        ('<ms:laurl licenseUrl="https://x.example/p"/>', f'licenseUrl="{OWN}/play/L/https/x.example/p"'),
        ('<InitializationSet id="1" initialization="https://x.example/$RepresentationID$/i"/>', 'initialization="/play/G/https/x.example/$RepresentationID$/i"'),
        ("<PatchLocation ttl='60'>p?v=1</PatchLocation>", "<PatchLocation ttl='60'>https://gateway.example/play/G/https/o.example/a/b/p?v=1<"),
        ("<Location>one.mpd</Location><Location serviceLocation='b'>//x.example/two.mpd</Location>", "<Location>https://gateway.example/play/G/https/o.example/a/b/one.mpd</Location><Location serviceLocation='b'>https://gateway.example/play/G/https/x.example/two.mpd<"),
        ("<BaseURL>https://x.example/y/</BaseURL><Location>../z.mpd</Location>", "<Location>https://gateway.example/play/G/https/o.example/a/z.mpd</Location>"),
    ],
)  # fmt: skip
def test_a_reference_leads_to_the_gateway_from_wherever_it_is_followed(before: str, after: str) -> None:
    assert after in rewritten(before)


@pytest.mark.parametrize(
    "inside",
    [
        '<Period xlink:href="urn:mpeg:dash:resolve-to-zero:2013"/>',
        "<ProgramInformation moreInformationURL='https://x.example/'><Source>https://x.example/</Source></ProgramInformation>",
        '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:ntp:2014" value="ntp.example"/>',
        '<mspr:pro>UjBsR09EbGhjZ0dTQUxNQUFBUUNBRU1tQ1p0dU1GUXhEUzhi</mspr:pro>',
        '<ServiceDescription><CMCDParameters keys="br cid" contentID="https://x.example/"/></ServiceDescription>',
        '<Subset contains="1 2" id="https://x.example/"/>',
        '<AdaptationSet initializationSetRef="1"/>',
        '<EssentialProperty schemeIdUri="https://x.example/" value="https://x.example/"/>',
        '<Label>https://x.example/</Label>',
        '<EventStream schemeIdUri="urn:x"><Event messageData="https://x.example/">https://x.example/</Event></EventStream>',
        "<SegmentTimeline>" + '<S t="0" d="4" r="3"/>' * 5000 + "</SegmentTimeline>",
        "<dashif:Laurl>urn:x</dashif:Laurl><Location> </Location><BaseURL>urn:x</BaseURL>",
    ],
)  # fmt: skip
def test_what_no_player_follows_stays(inside: str) -> None:
    assert inside in rewritten(inside)


@pytest.mark.parametrize(
    "name",
    ["$Number$", "$Number%09d$", "$Time$", "$SubNumber$", "$Bandwidth$/$RepresentationID$-$Time%05d$", "a$$b", "s?t=$Time$&amp;n=$Number$"],
)  # fmt: skip
@pytest.mark.parametrize("where", ["", "sub/", "https://x.example/v/"])
def test_a_template_is_the_players_to_fill_in(name: str, where: str) -> None:
    result = rewritten(f'<Period><SegmentTemplate media="{where}{name}.m4s"/></Period>')
    lead = where.replace("https://", "/play/G/https/")
    assert f'media="{lead}{name}.m4s"' in result


def test_what_a_base_says_beside_its_address_is_kept() -> None:
    attributes = 'serviceLocation="a" byteRange="$base$" dvb:priority="1" dvb:weight="2" availabilityTimeOffset="INF"'
    base = f"<BaseURL {attributes}>https://x.example/p</BaseURL>"
    assert rewritten(base) == rewritten("").replace("></MPD>", f">{base}</MPD>").replace(
        "https://x", f"{OWN}/play/G/https/x"
    )


def test_a_segment_list_of_ranges_alone_is_of_the_base_and_stays() -> None:
    ranges = (
        '<SegmentList duration="4"><Initialization range="0-9"/><RepresentationIndex range="9-10"/>'
        '<SegmentURL mediaRange="10-19" indexRange="3-4"/></SegmentList>'
        '<SegmentBase indexRange="10-20"><Initialization range="0-9"/></SegmentBase>'
    )
    inside = f"<Period><Representation><BaseURL>https://x.example/p.mp4</BaseURL>{ranges}</Representation></Period>"
    assert f"<BaseURL>{OWN}/play/G/https/x.example/p.mp4</BaseURL>{ranges}" in rewritten(inside)


def test_a_base_is_whole_where_the_scheme_is_known_and_a_path_where_not() -> None:
    """Of several that are not whole, dash.js takes one."""
    single = "<Period><BaseURL>https://x.example/p</BaseURL></Period>"
    assert f"<BaseURL>{OWN}/play/G/https/o.example/a/b/</BaseURL><Period><BaseURL>{WHOLE}<" in rewritten(single)
    assert "><BaseURL>/play/G/https/o.example/a/b/</BaseURL><Period>" in rewritten(single, "//gateway.example")
    result = rewritten("<BaseURL serviceLocation='a'>https://x.example/p</BaseURL><BaseURL>//y.example/</BaseURL>")
    assert f"<BaseURL serviceLocation='a'>{WHOLE}</BaseURL><BaseURL>{OWN}/play/G/https/y.example/</BaseURL>" in result


def test_where_the_own_address_is_not_known_a_path_is_written() -> None:
    assert "<dashif:Laurl>/play/L/https/x.example/p<" in rewritten(
        "<dashif:Laurl>https://x.example/p</dashif:Laurl>", ""
    )


def test_a_base_that_may_be_steered_to_is_whole_as_shaka_resolves_it_against_the_manifests_own_address() -> None:
    inner = "<Period><BaseURL serviceLocation='a'>v/</BaseURL><SegmentTemplate media='n.m4s'/></Period>"
    steering = "<ContentSteering>https://x.example/p</ContentSteering>"
    assert f"'a'>{OWN}/play/G/https/o.example/a/b/v/</BaseURL><SegmentTemplate media='n.m4s'" in rewritten(
        steering + inner
    )
    assert inner in rewritten(inner)
    bases = "<BaseURL>https://x.example/</BaseURL><BaseURL>https://y.example/</BaseURL>"
    assert inner in rewritten(bases + steering + inner)


def test_a_reference_that_is_beneath_one_base_but_not_beneath_its_alternative_is_rewritten() -> None:
    inside = (
        "<BaseURL>https://x.example/d/e/</BaseURL><BaseURL>https://y.example/</BaseURL>"
        "<Period><BaseURL>v/</BaseURL><SegmentTemplate media='n.m4s' initialization='../../i.mp4'/></Period>"
    )
    result = rewritten(inside)
    assert "<BaseURL>v/</BaseURL><SegmentTemplate media='n.m4s'" in result
    assert "initialization='/play/G/https/x.example/d/i.mp4'" in result


@pytest.mark.parametrize("query", ["signature=a%2Fb%2e%2e", "from=https://x.example//y", "acl=/*%5c"])
def test_a_query_hides_no_step_and_so_leaves_each_of_several_bases_its_say(query: str) -> None:
    bases = "<BaseURL>https://x.example/d/</BaseURL><BaseURL>https://y.example/</BaseURL>"
    template = f"<SegmentTemplate media='$Number$.m4s?{query}'/>"
    assert template in rewritten(f"{bases}<Period>{template}</Period>")


@pytest.mark.parametrize("reference", ["a//b.m4s", "%2e%2e/b.m4s", "a%2fb.m4s", "..%5Cb"])
def test_a_reference_that_no_grant_of_its_base_would_cover_gets_its_own(reference: str) -> None:
    result = rewritten(f"<Period><SegmentURL media='{reference}'/></Period>")
    assert "media='/play/G/https/o.example/a/" in result


def test_a_base_behind_what_lies_beneath_it_counts_all_the_same() -> None:
    inside = (
        "<Period><SegmentTemplate media='n.m4s'/><BaseURL>https://x.example/d/</BaseURL></Period><Location>l</Location>"
    )
    result = rewritten(inside)
    assert f"<SegmentTemplate media='n.m4s'/><BaseURL>{OWN}/play/G/https/x.example/d/</BaseURL>" in result
    assert result.count("Location>") == 2


@pytest.mark.parametrize("name", ["UrlQueryInfo", "ExtUrlQueryInfo", "RequestParam"])
def test_the_query_of_the_manifests_own_address_is_told_to_players_which_see_another(name: str) -> None:
    before = f'<up:{name} queryTemplate="$querypart$" useMPDUrlQuery="true"/>'
    after = f'<up:{name} queryTemplate="$querypart$" useMPDUrlQuery="false" queryString="sig=1&amp;x=%2F"/>'
    assert after in rewritten(before)
    shouted = f'<up:{name} queryTemplate="$querypart$" useMPDUrlQuery=" True"/>'  # Shaka takes it
    assert after in rewritten(shouted)
    before = f"<up:{name} queryString='a=1' useMPDUrlQuery='true'/>"
    assert f'<up:{name} queryString="sig=1&amp;x=%2F&amp;a=1" useMPDUrlQuery="false"/>' in rewritten(before)
    assert f"<up:{name} useMPDUrlQuery='false'/>" in rewritten(f"<up:{name} useMPDUrlQuery='false'/>")
