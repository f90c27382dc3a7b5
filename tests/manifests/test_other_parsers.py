"""By the parsers of players, which are not ours: a player asks the gateway for what it would ask the origin for."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.manifests.viewing import GATEWAY, Viewing
from demo.live import dash, hls
from demo.live.stream import newest, renditions
from demo.origin import MEDIA
from gateway.identity import Scope
from gateway.manifests import Kind
from gateway.origins.url import MediaUrl
from gateway.playback.scopes import directory
from tests.manifests.corpora import corpus
from tests.manifests.other_parsers import NOW, PARSERS, Asked, OtherParsers, Witness, urls

ALWAYS_THE_SAME = settings(max_examples=75, deadline=None, derandomize=True)
"""A quirk of somebody's parser, found by chance one day, is no reason for a build to fail. To look for more: without
``derandomize``, and with more examples."""

NAMES = {Kind.HLS: "list.m3u8", Kind.DASH: "manifest.mpd"}


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    with OtherParsers() as parsers:
        yield Witness(parsers, Viewing.start())


def asked_for(kind: Kind, text: bytes, home: str, query: str, way: str) -> Asked:
    """A manifest in a directory, asked for in one of `WAYS`."""
    url = f"{home}{NAMES[kind]}{query}"
    parsed = MediaUrl.parse(url)
    scopes = {"directory": directory(parsed.origin, parsed.path), "origin": Scope(parsed.origin, "/")}
    return Asked(
        kind, text, url, scopes.get(way), f"https://moved.example/z/{NAMES[kind]}?m=1" if way == "moved" else ""
    )


WAYS = ("api", "directory", "origin", "moved")
"""By /api, by a grant for its directory or for the whole origin, and by /api with a redirect."""

LIVE = renditions(MEDIA)
EDGE = newest(NOW)
OURS = [
    *((Kind.HLS, file.read_bytes()) for file in sorted(MEDIA.rglob("*.m3u8"))),
    *((Kind.DASH, file.read_bytes()) for file in sorted(MEDIA.rglob("*.mpd"))),
    *((Kind.HLS, hls.multivariant(latency, LIVE).encode()) for latency in hls.Latency),
    (Kind.HLS, hls.sliding_window(EDGE).encode()),
    (Kind.HLS, hls.low_latency(EDGE, LIVE["360p"], LIVE).encode()),
    (Kind.HLS, hls.delta_update(EDGE, LIVE["360p"], LIVE).encode()),
    (Kind.DASH, dash.manifest(NOW, LIVE, "/live/time").encode()),
]
NO_DURATION = b"#EXTINF:;"  # for which hls.js takes the rest of the line for a reference
SUITES = [(kind, text) for kind in Kind for text in corpus(kind.value) if NO_DURATION not in text]


CASES = [
    *((kind, text, way) for kind, text in OURS for way in WAYS),
    *((kind, text, way) for kind, text in SUITES for way in ("api", "directory")),
]


@pytest.mark.parametrize(("kind", "text", "way"), CASES, ids=range(len(CASES)))
def test_a_player_asks_the_gateway_for_what_it_would_ask_the_origin_for(
    witness: Witness, kind: Kind, text: bytes, way: str
) -> None:
    assert witness.differences(asked_for(kind, text, "https://o.example/a/b/", "?s=1", way)) == []


HOSTS = st.sampled_from(
    ["o.example", "o.example:8443", "cdn.example", "[2001:db8::1]", "[2001:db8::1]:8080", "xn--bcher-kva.example"]
)
WORDS = [
    "seg",
    "a b",
    "é",
    "%C3%A9",
    "a%20b",
    "a+b",
    "a;b=c",
    "a,b",
    "a'b",
    "a@b",
    "a&b",
    "日本",
    "..x",
    "a.",
    "~u",
    "a|b",
]
WORD = st.sampled_from([*WORDS, "-", "index.html", "a[b]", "a{b}", "a^b", "a!b*c"])
QUERY = st.sampled_from(["", "", "?a=1&b=2", "?x=%2F", "?t=a+b", "?u=http://x.example//y?z", "?a=../x", "?token=abc"])
END = st.tuples(QUERY, st.sampled_from(["", "", "#f"])).map("".join)
PATH = st.lists(WORD, min_size=1, max_size=3).map("/".join)
TAME = st.tuples(st.sampled_from(["", "./"]), PATH).map("".join)
ABSOLUTE = st.tuples(st.sampled_from(["https://", "HTTP://", "//"]), HOSTS, st.just("/"), PATH).map("".join)
CLIMBING = st.tuples(st.sampled_from(["../", "../../", "/", "/./"]), PATH).map("".join)
DEVIOUS = st.tuples(PATH, st.sampled_from(["//", "/../", "/./"]), WORD).map("".join)
PLACE = st.one_of(TAME, TAME, ABSOLUTE, CLIMBING, DEVIOUS)
ORIGIN = st.sampled_from(["https://o.example", "http://o.example:8080", "https://[2001:db8::1]"])
HOME = st.tuples(ORIGIN, st.sampled_from(["/", "/a/b/", "/a%20b/é/"])).map("".join)
OWN_QUERY = st.sampled_from(["", "?s=1&t=x", "?s=%2F"])

VALUES = st.sampled_from(["cdn.example", "a/b", "x y", "é", "https://h.example/q", "..", "/r"])
DEFINED = st.sampled_from(["{$v}/x", "x{$v}y", "p/{$v}.ts"])
LINK = st.one_of(st.tuples(PLACE, END).map("".join), st.just("?q=1"), DEFINED)
TAGS = st.sampled_from(
    [
        '#EXT-X-KEY:METHOD=AES-128,URI="%s",IV=0x00000000000000000000000000000001',
        '#EXT-X-MAP:URI="%s",BYTERANGE="10@0"',
        '#EXT-X-PART:DURATION=1,URI="%s",INDEPENDENT=YES',
        '#EXT-X-DATERANGE:ID="d",CLASS="com.apple.hls.interstitial",START-DATE="2026-01-01T00:00:00Z",X-ASSET-URI="%s"',
        '#EXTINF:4,title, URI="x"\n%s',
        "#EXTINF:3.96,é\n#EXT-X-BYTERANGE:100@7\n# note\n%s",
        '#EXT-X-FUTURE:URI="kept"\n#EXTINF:4,\n\n %s\t',
    ]
)
LISTED = st.lists(st.tuples(TAGS, LINK).map(lambda pair: pair[0] % pair[1]), max_size=6)
MEDIA_HEAD = "#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=1\n#EXTINF:4,\nfirst.ts"
MEDIA_TAIL = '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="%s"\n#EXT-X-RENDITION-REPORT:URI="%s",LAST-MSN=7,LAST-PART=1'
TAIL = st.just("#EXT-X-ENDLIST") | st.tuples(LINK, LINK).map(lambda pair: MEDIA_TAIL % pair)
VARIANT = '#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=320x240\n%s'
MULTIVARIANT = "\n".join(
    [
        VARIANT,
        VARIANT.replace("1000", "2000").replace("240\n", '240,AUDIO="g"\n'),
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="n,URI=x",LANGUAGE="en",URI="%s"',
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,CODECS="avc1.4d401f",RESOLUTION=320x240,URI="%s"',
        '#EXT-X-SESSION-KEY:METHOD=AES-128,URI="%s"',
    ]
)

LOWER, AUDIO = (st.tuples(PLACE, st.just(ending), END).map("".join) for ending in (".low", ".aac"))
"""No two playlists are one: where they are, Shaka compares references as they are spelt, and the gateway spells alike
what is alike."""


def media_playlist(parts: tuple[list[str], str]) -> str:
    return "\n".join([MEDIA_HEAD, *parts[0], parts[1]])


BODY = st.tuples(LISTED, TAIL).map(media_playlist) | st.tuples(LINK, LOWER, AUDIO, LINK, LINK).map(
    lambda links: MULTIVARIANT % links
)
PLAYLIST = st.tuples(
    st.sampled_from(["", "\ufeff"]), VALUES.map('#EXTM3U\n#EXT-X-DEFINE:NAME="v",VALUE="{}"\n'.format), BODY
).map("".join)


@ALWAYS_THE_SAME
@given(PLAYLIST, HOME, OWN_QUERY, st.sampled_from(WAYS), st.sampled_from(["\n", "\r\n"]))
def test_so_it_does_by_any_playlist(
    witness: Witness, playlist: str, home: str, query: str, way: str, line_end: str
) -> None:
    text = playlist.replace("\n", line_end).encode()
    assert witness.differences(asked_for(Kind.HLS, text, home, query, way)) == []


@pytest.mark.parametrize("parser", ["m3u8-parser", "hls.js"])
@pytest.mark.parametrize("way", ["api", "directory"])
def test_a_media_playlist_imports_from_a_multivariant_one_and_from_the_query(
    witness: Witness, parser: str, way: str
) -> None:
    head = '#EXTM3U\n#EXT-X-DEFINE:NAME="cdn",VALUE="https://cdn.example/a"\n#EXT-X-DEFINE:QUERYPARAM="s"\n'
    main = (head + VARIANT % "v/list.m3u8?s={$s}").encode()
    asked = asked_for(Kind.HLS, main, "https://o.example/a/", "?s=1%262", way)
    text, seen_at = witness.served(asked)
    told = witness.parsers.read(parser, Kind.HLS, seen_at, text)
    url, variables = witness.noted(urls(told)[0])
    assert variables["cdn"] == "https://cdn.example/a"
    media = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DEFINE:IMPORT="cdn"\n#EXTINF:4,\n{$cdn}/1.ts\n#EXT-X-ENDLIST\n'
    imported = Asked(Kind.HLS, media.encode(), url, Scope("https://o.example", "/a/"), "", variables)
    assert witness.differences(imported, parser) == []


NUMBERED = st.sampled_from(
    ["$Number$", "$Number%05d$", "$RepresentationID$/$Number$", "$Bandwidth$-$Number%02d$", "$$$Number$"]
)
INITIAL = st.sampled_from(["i.mp4", "$RepresentationID$.mp4", "$Bandwidth$$$.mp4"])
IDS = st.sampled_from(["v1", "a b", "é", "a/b", "$", "a&b", "x?y", "{1}"])
SPELT = st.sampled_from([escape, lambda text: "".join(f"&#x{ord(letter):x};" for letter in text)])


@st.composite
def segments(draw: st.DrawFn, places: st.SearchStrategy[str]) -> str:
    """What a representation tells of its segments, by template, timeline, list or index."""

    def named(name: str = "") -> str:
        return quoteattr(draw(places) + name + draw(END))

    way = draw(st.sampled_from(["template", "timeline", "list", "index"]))
    if way == "template":
        rest = f'initialization={named(draw(INITIAL))} startNumber="7" duration="2"'
        return f"<SegmentTemplate media={named(draw(NUMBERED))} {rest}/>"
    if way == "timeline":
        rest = '<SegmentTimeline><S t="0" d="2" r="1"/><S d="3"/></SegmentTimeline></SegmentTemplate>'
        return f"<SegmentTemplate media={named('$Time%09d$')} initialization={named()}>{rest}"
    if way == "list":
        each = f'<SegmentURL media={named()} mediaRange="10-19"/><SegmentURL media={named()}/>'
        return f'<SegmentList duration="2"><Initialization sourceURL={named()}/>{each}</SegmentList>'
    index = '<SegmentBase indexRange="10-19"><Initialization range="0-9"/></SegmentBase>'
    return f"<BaseURL>{escape(draw(places) + '.mp4')}</BaseURL>{index}"


PROTECTION = (
    '<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"><dashif:Laurl xmlns:dashif='
    '"https://dashif.org/CPS">https://l.example/?a=1&amp;b=2</dashif:Laurl></ContentProtection>'
)
CLOCK = '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="https://t.example/time?x=1&amp;y"/>'
STATIC = 'type="static" mediaPresentationDuration="PT6S"'
DYNAMIC = (
    'type="dynamic" availabilityStartTime="2025-12-31T23:59:30Z" publishTime="2026-01-01T00:00:00Z"'
    ' minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT20S"'
)
PATCH = '<PatchLocation ttl="60000000">p.mpp?a=1</PatchLocation>'


@st.composite
def presentations(draw: st.DrawFn) -> str:
    """One with a BaseURL at any level, or with several at the top beneath which everything stays."""
    several = draw(st.booleans())
    top = st.tuples(ABSOLUTE, st.just("/")).map("".join)
    places = TAME if several else PLACE

    def base(most: int, place: st.SearchStrategy[str]) -> str:
        each = draw(st.lists(st.tuples(place, SPELT, END), max_size=most))
        return "".join(f"<BaseURL> {spell(name + '/' + end)}\n</BaseURL>" for name, spell, end in each)

    outer, live = base(3 if several else 1, top if several else places), draw(st.booleans())
    sets = ""
    for number, kind in enumerate(("video", "audio")):
        codec = "avc1.4d401f" if kind == "video" else "mp4a.40.2"
        own = f"{base(1, places)}{draw(segments(places))}"
        representation = (
            f'<Representation id={quoteattr(draw(IDS) + str(number))} bandwidth="1000">{own}</Representation>'
        )
        attributes = f'contentType="{kind}" mimeType="{kind}/mp4" codecs="{codec}"'
        sets += f"<AdaptationSet {attributes}>{PROTECTION}{base(1, places)}{representation}</AdaptationSet>"
    reload = f"<Location>./m2.mpd?x=%2F</Location>{PATCH}" if live and draw(st.booleans()) else ""
    timed = 'start="PT0S"' if live else 'duration="PT6S"'
    period = f"<Period {timed}>{base(1, places)}{sets}</Period>"
    head = draw(st.sampled_from(["", "\ufeff", '<?xml version="1.0"?>\r\n<!-- <BaseURL>no</BaseURL> -->\r\n']))
    root = f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" minBufferTime="PT2S" {DYNAMIC if live else STATIC}>'
    return f"{head}{root}{outer}{reload}{period}{CLOCK}</MPD>"


@ALWAYS_THE_SAME
@given(presentations(), HOME, OWN_QUERY, st.sampled_from(WAYS))
def test_so_it_does_by_any_presentation(witness: Witness, presentation: str, home: str, query: str, way: str) -> None:
    assert witness.differences(asked_for(Kind.DASH, presentation.encode(), home, query, way)) == []


REPRESENTED = (
    '<AdaptationSet contentType="video" mimeType="video/mp4" codecs="avc1.4d401f"><Representation id="1" bandwidth="1">'
    '<SegmentTemplate media="{}$Number$.m4s?sig=a%2Fb" initialization="i.mp4" duration="2"/></Representation>'
    "</AdaptationSet></Period></MPD>"
)
CLIMBS = (
    f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {STATIC}><Period><BaseURL>../../c/</BaseURL>'
    f"{REPRESENTED.format('../../')}"
)
STEERED = (
    f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {STATIC}><ContentSteering defaultServiceLocation="a">'
    'https://s.example/</ContentSteering><Period><BaseURL serviceLocation="a">v/</BaseURL>'
    f"{REPRESENTED.format('')}"
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("presentation", [STEERED, CLIMBS], ids=["steered", "climbs past the top"])
def test_so_it_does_by_what_once_led_elsewhere(witness: Witness, presentation: str, way: str) -> None:
    assert witness.differences(asked_for(Kind.DASH, presentation.encode(), "https://o.example/a/b/", "", way)) == []


@pytest.mark.parametrize("kind", Kind)
def test_each_parser_tells_of_what_is_asked_for_and_what_leads_elsewhere_is_seen(witness: Witness, kind: Kind) -> None:
    text = next(text for of, text in OURS if (of is kind and b".ts\n" in text) or kind is of is Kind.DASH)
    asked = asked_for(kind, text, "https://o.example/a/b/", "", "api")
    after, seen_at = witness.served(asked)
    for parser in PARSERS[kind]:
        assert len(urls(witness.parsers.read(parser, kind, seen_at, after))) > 3
    for told in ("https://o.example/x", f"{GATEWAY}/x", f"{GATEWAY}/play/x/o.example/x", "/x"):
        assert witness.undone(told).endswith(told)
        assert witness.undone(told) != told
