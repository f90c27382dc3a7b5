"""DASH manifests: the tree stays, what leads elsewhere is rewritten, what follows by itself is left."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from gateway.manifests import MalformedManifest
from gateway.manifests.dash import rewrite
from tests.manifests.corpora import corpus, name_link, no_link
from tests.manifests.tree import same_tree

BASE = "https://cdn.example.com/a/b/live.mpd?x=1"
HOME = "/play/G/https://cdn.example.com/a/b/"


def mpd(inside: str, before: str = "") -> str:
    head = '<?xml version="1.0"?>\n<!-- c -->\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">'
    return f"{head}{before}<Period>{inside}</Period></MPD>\n"


def rewritten(text: str) -> str:
    return rewrite(text.encode(), BASE, name_link).decode()


def test_a_manifest_without_a_base_is_given_one_and_its_templates_stay() -> None:
    text = mpd('<SegmentTemplate media="$RepresentationID$/$Number%05d$.m4s" initialization="i.mp4"/>')
    assert rewritten(text) == text.replace("<Period>", f"<BaseURL>{HOME}</BaseURL><Period>")


def test_the_base_that_is_given_stands_after_the_program_information() -> None:
    text = mpd("", "<ProgramInformation><Title>t</Title></ProgramInformation><Location>https://l.example/</Location>")
    assert (
        f"</ProgramInformation><BaseURL>{HOME}</BaseURL><Location>/play/G/https://l.example/</Location>"
        in rewritten(text)
    )


def test_a_base_at_any_level_is_rewritten_and_what_lies_beneath_it_is_not() -> None:
    text = mpd(
        "<BaseURL>https://one.example/p/</BaseURL><AdaptationSet><BaseURL>set/</BaseURL>"
        "<SegmentTemplate media='$Time$.m4s'/><Representation><BaseURL>//two.example/r/</BaseURL>"
        '<SegmentList><SegmentURL media="s1.m4s" index="/i"/></SegmentList></Representation></AdaptationSet>'
    )
    result = rewritten(text)
    assert "<BaseURL>/play/G/https://one.example/p/</BaseURL>" in result
    assert "<BaseURL>set/</BaseURL>" in result
    assert "media='$Time$.m4s'" in result
    assert "<BaseURL>/play/G/https://two.example/r/</BaseURL>" in result
    assert 'media="s1.m4s" index="/play/G/https://two.example/i"' in result


def test_several_bases_are_alternatives_of_each_other() -> None:
    text = mpd("", '<BaseURL serviceLocation="a">https://one.example/</BaseURL><BaseURL>https://two.example/</BaseURL>')
    result = rewritten(text)
    assert '<BaseURL serviceLocation="a">/play/G/https://one.example/</BaseURL>' in result
    assert "<BaseURL>/play/G/https://two.example/</BaseURL>" in result
    assert result.count("<BaseURL") == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<SegmentTemplate media="https://x.example/$RepresentationID$/$Number%05d$.m4s"/>', 'media="/play/G/https://x.example/$RepresentationID$/$Number%05d$.m4s"'),
        ('<SegmentTemplate initialization="../../../up.mp4"/>', 'initialization="/play/G/https://cdn.example.com/up.mp4"'),
        ('<Initialization sourceURL="https://x.example/i.mp4" range="0-9"/>', 'sourceURL="/play/G/https://x.example/i.mp4" range="0-9"'),
        ('<RepresentationIndex sourceURL="/i"/>', 'sourceURL="/play/G/https://cdn.example.com/i"'),
        ('<SegmentURL media="https://x.example/a?b=1&amp;c=2"/>', 'media="/play/G/https://x.example/a?b=1&amp;c=2"'),
        ('<AdaptationSet xlink:href="https://x.example/set.xml"/>', 'xlink:href="/play/G/https://x.example/set.xml"'),
        ('<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="https://t.example/now /t"/>', 'value="/play/G/https://t.example/now /play/G/https://cdn.example.com/t"'),
        ("<BaseURL> https://x.example/a&amp;b/ </BaseURL>", "<BaseURL> /play/G/https://x.example/a&amp;b/ </BaseURL>"),
        ("<BaseURL><![CDATA[https://x.example/]]></BaseURL>", "<BaseURL>/play/G/https://x.example/</BaseURL>"),
        ("<PatchLocation ttl='5'>/patch?v=1</PatchLocation>", "<PatchLocation ttl='5'>/play/G/https://cdn.example.com/patch?v=1</PatchLocation>"),
        ("<dashif:Laurl>https://lic.example/</dashif:Laurl>", "<dashif:Laurl>/play/G/https://lic.example/</dashif:Laurl>"),
        ('<EventStream schemeIdUri="urn:mpeg:dash:event:callback:2015"><Event>https://call.example/</Event></EventStream>', "<Event>/play/G/https://call.example/</Event>"),
    ],
)  # fmt: skip
def test_a_reference_that_leads_elsewhere_is_rewritten_in_place(before: str, after: str) -> None:
    assert after in rewritten(mpd(before))


@pytest.mark.parametrize(
    "inside",
    [
        '<AdaptationSet xlink:href="urn:mpeg:dash:resolve-to-zero:2013"/>',
        '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-11-24T10:00:00Z"/>',
        "<EventStream schemeIdUri='urn:scte'><Event>https://not.a.callback/</Event></EventStream>",
        '<ContentProtection schemeIdUri="urn:uuid:x" value="https://v"/>',
        "<BaseURL></BaseURL><BaseURL/>",
        "<Title>https://x.example/</Title>",
    ],
)
def test_what_is_no_reference_stays(inside: str) -> None:
    assert inside in rewritten(mpd(inside))


@pytest.mark.parametrize(
    "text",
    [
        "<MPD>",
        "no xml",
        "",
        '<!DOCTYPE MPD [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><MPD>&b;</MPD>',
        '<!DOCTYPE MPD SYSTEM "http://x.example/d.dtd"><MPD/>',
        "<MPD a='1' a='2'/>",
        "<MPD>&undefined;</MPD>",
    ],
)
def test_what_is_not_plain_xml_is_refused(text: str) -> None:
    with pytest.raises(MalformedManifest):
        rewrite(text.encode(), BASE, name_link)


@pytest.mark.parametrize("sample", corpus("dash") or [mpd("<BaseURL>x/</BaseURL>").encode()])
def test_a_manifest_that_no_link_touches_is_the_same_to_the_byte(sample: bytes) -> None:
    assert rewrite(sample, BASE, no_link) == sample


@pytest.mark.parametrize("sample", corpus("dash") or [mpd("<BaseURL>https://x.example/</BaseURL>").encode()])
def test_every_absolute_reference_leads_to_the_gateway_and_the_tree_is_kept(sample: bytes) -> None:
    result = rewrite(sample, BASE, name_link)
    same_tree(ET.fromstring(sample), ET.fromstring(result))
    for node in ET.fromstring(result).iter():
        if node.tag.rpartition("}")[2] in {"BaseURL", "Location"}:
            assert not (node.text or "").strip().startswith(("http:", "https:", "//"))
        for name in ("media", "initialization", "sourceURL"):
            assert not node.get(name, "").startswith(("http:", "https:", "//"))
