"""DASH: however a manifest is written, players find through the gateway what they would find without it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.manifests import link
from gateway.manifests.dash import rewrite
from tests.manifests.corpora import name_link
from tests.manifests.dash_player import fetched
from tests.manifests.tree import same_tree

BASE = "https://o.example/a/b/live.mpd?x=1"
GATEWAY = "https://gateway.example"


def led(_reference: str, absolute: str) -> str:
    """The link of a manifest that was asked for by /api."""
    return "/play/G/" + absolute.replace("://", "/", 1)


def led_out(reference: str, absolute: str) -> str | None:
    """The link of a manifest that was asked for by /play, with a grant for its directory."""
    beneath = absolute.startswith("https://o.example/a/b/") and not reference.startswith(("https:", "/", ".."))
    return None if beneath else led(reference, absolute)


FORMS = {
    "byte order mark": b"\xef\xbb\xbf<MPD><BaseURL>https://x.example/</BaseURL></MPD>",
    "mark and declaration": b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\r\n<MPD>\r\n<BaseURL>https://x.example/</BaseURL>\r\n</MPD>\r\n",
    "another encoding claimed": b'<?xml version="1.0" encoding="ISO-8859-1"?><MPD><BaseURL>https://x.example/</BaseURL></MPD>',
    "comments": b"<!-- <MPD> --><MPD><!-- <BaseURL>no</BaseURL> --><BaseURL><!-- a -->https://x.example/<!-- b --></BaseURL></MPD><!-- c -->",
    "cdata": b"<MPD><BaseURL><![CDATA[https://x.example/]]></BaseURL></MPD>",
    "parts of cdata": b"<MPD><BaseURL>https://<![CDATA[x.example]]>/</BaseURL></MPD>",
    "processing instructions": b"<?a b?><MPD><?c <d>?><BaseURL>https://x.example/</BaseURL></MPD><?e?>",
    "single quotes": b"<MPD a='\">'><BaseURL serviceLocation='\">'>https://x.example/</BaseURL></MPD>",
    "spaces in tags": b"<MPD\n\ta = '1'\r\n><BaseURL\n>\n https://x.example/\t</BaseURL\n></MPD >",
    "prefixes": b"<d:MPD xmlns:d='urn:mpeg:dash:schema:mpd:2011'><d:BaseURL>https://x.example/</d:BaseURL></d:MPD>",
    "character references": b"<MPD><BaseURL>https&#58;//x.&#x65;xample/</BaseURL></MPD>",
}  # fmt: skip


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_base_is_found_however_it_is_written(text: bytes) -> None:
    result = rewrite(text, BASE, led)
    assert b"/play/G/https/x.example/" in result
    assert b"x.example" not in result.replace(b"/play/G/https/x.example/", b"")
    ET.fromstring(result)
    assert result.count(b"\r\n") == text.count(b"\r\n")


@pytest.mark.parametrize("ampersand", ["&amp;", "&#38;", "&#x26;"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_an_ampersand_is_one_however_it_is_written(ampersand: str, quote: str) -> None:
    media = f"https://x.example/$Number$?a=1{ampersand}b=2"
    text = f"<MPD><Period><SegmentTemplate media={quote}{media}{quote}/></Period></MPD>"
    result = ET.fromstring(rewrite(text.encode(), BASE, led))
    assert result[1][0].get("media") == "/play/G/https/x.example/$Number$?a=1&b=2"


def test_as_many_references_as_may_be_are_rewritten() -> None:
    count = link.MOST - 2
    text = b"<MPD><Period>" + b'<SegmentURL media="/a"/>' * count + b"</Period></MPD>"
    assert rewrite(text, BASE, lambda _reference, _absolute: "/b").count(b'media="/b"') == count


# -- manifests at random -----------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["v", "a b", "é", "x%20y", "$RepresentationID$", "s$Number%05d$", "t?q=$Time$&z=1", "w.mp4"])
PLACES = st.sampled_from(["", "s/", "./", "../", "../../../", "/", "/r/", "//y.example/", "https://x.example/d/", "https://o.example/a/b/c/"])  # fmt: skip
REFERENCES = st.builds(lambda place, name: place + name, PLACES, NAMES)
BASES = st.lists(st.builds(lambda place: place or "./", PLACES) | REFERENCES, max_size=1)


def element(name: str, attributes: dict[str, str] | None = None, *children: ET.Element) -> ET.Element:
    made = ET.Element(name, attributes or {})
    made.extend(children)
    return made


def with_bases(name: str, bases: list[str], children: list[ET.Element]) -> ET.Element:
    made = element(name)
    for base in bases:
        ET.SubElement(made, "BaseURL").text = base
    made.extend(children)
    return made


TEMPLATES = st.builds(
    lambda media, initialization: element("SegmentTemplate", {"media": media, "initialization": initialization}),
    REFERENCES,
    REFERENCES,
)
LISTS = st.builds(
    lambda initialization, media: element(
        "SegmentList",
        None,
        element("Initialization", {"sourceURL": initialization}),
        *(element("SegmentURL", {"media": each}) for each in media),
    ),
    REFERENCES,
    st.lists(REFERENCES, max_size=3),
)
SEGMENTS = st.lists(TEMPLATES | LISTS, max_size=1)
REPRESENTATIONS = st.builds(lambda bases, segments: with_bases("Representation", bases, segments), BASES, SEGMENTS)
SETS = st.builds(
    lambda bases, segments, inner: with_bases("AdaptationSet", bases, segments + inner),
    BASES,
    SEGMENTS,
    st.lists(REPRESENTATIONS, min_size=1, max_size=1),
) | st.builds(
    lambda bases, inner: with_bases("AdaptationSet", bases, inner), BASES, st.lists(REPRESENTATIONS, max_size=3)
)
"""What several representations share must mean the same to all, or lie beneath the base of each: see the next test."""

PERIODS = st.builds(
    lambda bases, sets: with_bases("Period", bases, sets), BASES, st.lists(SETS, min_size=1, max_size=2)
)
MANIFESTS = st.builds(lambda bases, periods: with_bases("MPD", bases, periods), BASES, st.lists(PERIODS, max_size=2))


@settings(max_examples=150, deadline=None)
@given(MANIFESTS)
def test_a_player_fetches_the_same_through_the_gateway(manifest: ET.Element) -> None:
    text = ET.tostring(manifest)
    without = [url.replace("://", "/", 1) for url in fetched(text, BASE)]
    for lead, seen_at in ((led, f"{GATEWAY}/api?url=x"), (led_out, GATEWAY + led("", BASE))):
        through = fetched(rewrite(text, BASE, lead), seen_at)
        assert list(map(_decoded, through)) == [_decoded(f"{GATEWAY}/play/G/{url}") for url in without]
    same_tree(ET.fromstring(text), ET.fromstring(rewrite(text, BASE, name_link)))


def _decoded(url: str) -> str:
    """As every URL parser would send it."""
    return url.replace(" ", "%20").replace("é", "%C3%A9")


def test_what_means_several_things_to_representations_stays_where_it_is_right_and_is_refused_elsewhere() -> None:
    inside = "<SegmentTemplate media='../n'/><Representation/><Representation><BaseURL>s/</BaseURL></Representation>"
    text = f"<MPD><Period><AdaptationSet>{inside}</AdaptationSet></Period></MPD>".encode()
    played = fetched(rewrite(text, BASE, led), f"{GATEWAY}/api?url=x")
    assert fetched(text, BASE) == ["https://o.example/a/n", "https://o.example/a/b/n"]
    assert played == [f"{GATEWAY}/play/G/https/o.example/a/n", f"{GATEWAY}/play/G/https/o.example/a/b/n"]
