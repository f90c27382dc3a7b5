"""HLS playlists that are awkward, broken, or made to harm: each reference leads right, nothing else moves."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests import Asking, Document, MalformedManifest, documents, hls, link
from tests.manifests.corpora import corpus, name_link, no_link

BASE = "https://o.example/a/b/live.m3u8?token=a%2Bb&empty="
HERE = b"/play/G/https://o.example/a/b/"

MULTIVARIANT = b"""#EXTM3U
#EXT-X-VERSION:7

#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a,URI=x",NAME="Sign, \xe2\x80\x9cURI\xe2\x80\x9d",URI="https://cdn.example/a.m3u8"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC1"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.640020,mp4a.40.2",AUDIO="a,URI=x"
https://cdn.example/v1/index.m3u8?x=1&y=%20
#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="skd://key/1",KEYFORMAT="com.apple.streamingkeydelivery"
#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text/plain;base64,AAAA",KEYFORMAT="urn:uuid:edef8ba9"
"""
AWKWARD = (
    b'\xef\xbb\xbf#EXTM3U\r\n#EXT-X-FUTURE:URI="https://o.example/kept"\r\n\r\n \t\r\n#EXTINF:4,\xff\xfe caf\xe9\r\n'
    b"  https://o.example/1.ts \t\r\n# a note: https://o.example/kept\r#EXTINF:4,\n\nhttps://o.example/2.ts"
)


def undone(text: bytes) -> bytes:
    return text.replace(b"/play/G/", b"")


def rewritten(text: bytes) -> bytes:
    return hls.rewrite(text, BASE, name_link)


@pytest.mark.parametrize("text", [MULTIVARIANT, AWKWARD])
def test_undoing_the_rewriting_of_absolute_references_gives_the_playlist_back(text: bytes) -> None:
    assert rewritten(text) != text
    assert undone(rewritten(text)) == text


@pytest.mark.parametrize("text", [MULTIVARIANT, *corpus("hls")])
def test_each_reference_leads_to_the_gateway_under_the_url_that_it_resolves_to(text: bytes) -> None:
    assert undone(rewritten(text)) == hls.rewrite(text, BASE, lambda _reference, absolute: absolute)


@pytest.mark.parametrize(
    ("reference", "absolute"),
    [
        ("seg.ts", "https://o.example/a/b/seg.ts"),
        ("../seg.ts?x=1&_HLS_msn=2#f", "https://o.example/a/seg.ts?x=1&_HLS_msn=2#f"),
        ("/seg.ts", "https://o.example/seg.ts"),
        ("//cdn.example:8443/seg.ts", "https://cdn.example:8443/seg.ts"),
        ("HTTP://CDN.example/seg.ts", "http://cdn.example/seg.ts"),
        ("?x=1", "https://o.example/a/b/live.m3u8?x=1"),
        ("seg-%2F.ts", "https://o.example/a/b/seg-%2F.ts"),
        ("séance 1.ts", "https://o.example/a/b/s%C3%A9ance%201.ts"),
        ("h\tttps://cdn.example/seg.ts", "https://cdn.example/seg.ts"),
    ],
)
def test_a_uri_line_is_resolved_against_the_playlists_own_url(reference: str, absolute: str) -> None:
    text = f"#EXTM3U\n#EXTINF:4,\n{reference}\n"
    assert rewritten(text.encode()).decode() == f"#EXTM3U\n#EXTINF:4,\n{name_link('', absolute)}\n"


def test_a_uri_that_is_not_utf_8_is_percent_encoded_byte_by_byte() -> None:
    assert rewritten(b"#EXTM3U\ncaf\xe9.ts\n") == b"#EXTM3U\n" + HERE + b"caf%E9.ts\n"


@pytest.mark.parametrize(
    "line",
    [
        b'#EXT-X-KEY:METHOD=AES-128,NAME="a,URI=b",X-URI="c",URIS="d",URI=',
        b'#EXT-X-KEY:METHOD=AES-128,lower_case=",URI=",Y="f"',
        b'#EXT-X-KEY:METHOD=NONE,URI=""',
        b'#EXT-X-KEY:METHOD=AES-128,URI="  "',
        b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"',
        b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI=" SKD://x"',
        b"#EXT-X-KEY:METHOD=SAMPLE-AES,URI=skd://x,IV=0x1",
        b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AA,URI=="',
        b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="urn:uuid:1"',
        b'#EXT-X-KEYS:METHOD=AES-128,URI="x"',
        b"#EXT-X-KEY",
        b'#EXTINF:4,URI="x"',
        b'# URI="x"',
    ],
)
def test_what_is_no_reference_that_a_player_fetches_by_http_is_left(line: bytes) -> None:
    assert rewritten(b"#EXTM3U\n" + line + b"\n") == b"#EXTM3U\n" + line + b"\n"


def test_each_of_several_references_in_one_tag_is_rewritten() -> None:
    line = b'#EXT-X-MEDIA:URI="%sx",NAME="\xc3\xa9, URI=",URI="%sy"'
    assert rewritten(line % (b"", b"")) == line % (HERE, HERE)


def test_a_reference_without_quotes_is_followed_by_players_and_comes_to_have_them() -> None:
    assert rewritten(b"#EXT-X-MAP:URI=/i.mp4 ,BYTERANGE=9@0") == (
        b'#EXT-X-MAP:URI="/play/G/https://o.example/i.mp4",BYTERANGE=9@0'
    )
    asking = Asking(licence=lambda _reference, absolute: f"/play/POST/{absolute}")
    line = b'#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT="k",URI='
    assert hls.rewrite(line + b"k", BASE, name_link, asking) == line + b'"/play/POST/https://o.example/a/b/k"'


@pytest.mark.parametrize("before", [b" ", b"\t ", b"\xef\xbb\xbf"])
def test_a_tag_behind_spaces_or_a_byte_order_mark_is_a_tag(before: bytes) -> None:
    assert rewritten(before + b'#EXT-X-KEY:URI="k"') == before + b'#EXT-X-KEY:URI="' + HERE + b'k"'


@pytest.mark.parametrize("before", ["\xa0", "\u3000", "\x0b"])
def test_what_javascript_takes_for_blanks_hides_no_tag(before: str) -> None:
    assert rewritten(f'{before}#EXT-X-KEY:URI="k"'.encode()) == f'{before}#EXT-X-KEY:URI="'.encode() + HERE + b'k"'


@pytest.mark.parametrize(
    ("sloppy", "plain"),
    [
        ('URI ="k"', 'URI="{}k"'),
        ('URI= "k"', 'URI="{}k"'),
        ("URI='k'", 'URI="{}k"'),
        (',URI="k",', 'URI="{}k"'),
        (r'X="a\",Y=",URI="k",Z="', 'X="a/",Y=",URI=",Z='),
        ('X=a b,URI="k"', 'X="a b",URI="{}k"'),
        (r'X="a\b",URI="c\k"', r'X="a\b",URI="{}c/k"'),
        ('X URI="k"', 'URI="{}k"'),
        ('X="a"b,URI="k"', 'X="a",URI="{}k"'),
    ],
)
def test_attributes_that_players_read_in_different_ways_are_written_as_the_standard_says(
    sloppy: str, plain: str
) -> None:
    assert rewritten(f"#EXT-X-KEY:{sloppy}\n".encode()).decode() == f"#EXT-X-KEY:{plain.format(HERE.decode())}\n"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("# it was ##EXT-X-KEY:URI=k", "# it was ##%45XT-X-KEY:URI=k"),
        ('#EXT-X-DATERANGE:ID="#EXT-X-MEDIA:URI=a"', '#EXT-X-DATERANGE:ID="#%45XT-X-MEDIA:URI=a"'),
        ("#EXTINF:4,a\u2028b\n", "#EXTINF:4,a b\n"),
        ("#c\0x\n", "#cx\n"),
        ("#EXTINF:4 //x/y.ts\n", "#EXTINF:4, //x/y.ts\n"),
        ("#EXTINF:4 {$x}\n", "#EXTINF:4, {$x}\n"),
        ("#EXTINF:-1 logo=//x,y\n", "#EXTINF:-1 logo=//x,y\n"),
        ("#EXTINF:4,a //x/y.ts", "#EXTINF:4,a //x/y.ts\n"),
    ],
)
def test_no_player_finds_a_reference_in_a_title_or_a_comment(text: str, plain: str) -> None:
    assert rewritten(text.encode()).decode() == plain


@pytest.mark.parametrize(
    "reference",
    [
        "https://[broken/",
        "http://o.example:80x/a.ts",
        "ftp://o.example/x.ts",
        "crypto+http://o.example/x.ts",
        "data:,%23EXTM3U%0Aa.ts",
        "data:application/vnd.apple.mpegurl;base64,I0VYVE0zVQ==",
    ],
)
def test_what_players_could_follow_and_the_gateway_cannot_comes_back_to_it(reference: str) -> None:
    led = f"/api?url={quote(reference, safe='')}"
    assert rewritten(f'#EXT-X-MAP:URI="{reference}"\n{reference}\n'.encode()).decode() == (
        f'#EXT-X-MAP:URI="{led}"\n{led}\n'
    )


def test_no_media_playlist_stands_in_place_of_its_reference() -> None:
    text = b'#EXT-X-MEDIA:URI="data:text/plain,%23EXTINF"\n#EXT-X-STREAM-INF:BANDWIDTH=1\ndata:,x\n'
    assert rewritten(text).replace(b"/api?url=data%3A", b"") == (
        b'#EXT-X-MEDIA:URI="text%2Fplain%2C%2523EXTINF"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n%2Cx\n'
    )


def test_no_fragment_is_a_tag_to_hls_js() -> None:
    assert rewritten(b"x#EXT-X-MEDIA:URI=a") == HERE + b"x#%45XT-X-MEDIA:URI=a"


def test_the_link_is_told_the_reference_and_what_it_resolves_to() -> None:
    told: list[tuple[str, str]] = []
    hls.rewrite(b'#EXT-X-MAP:URI=" i.mp4"\n s.ts\n', BASE, lambda *asked: told.append(asked))
    assert told == [("i.mp4", "https://o.example/a/b/i.mp4"), ("s.ts", "https://o.example/a/b/s.ts")]


@pytest.mark.parametrize("tag", ["EXT-X-KEY", "EXT-X-SESSION-KEY"])
@pytest.mark.parametrize(
    ("key_format", "led"),
    [
        ("", "G"),
        (',KEYFORMAT="identity"', "G"),
        (',KEYFORMAT="com.microsoft.playready"', "POST"),
        (",KEYFORMAT=x", "G"),
    ],
)
def test_a_key_that_a_licence_server_gives_can_be_asked_for_by_post(tag: str, key_format: str, led: str) -> None:
    line = f'#{tag}:METHOD=SAMPLE-AES,X="URI=",URI="{{}}"{key_format}'
    asking = Asking(licence=lambda _reference, absolute: f"/play/POST/{absolute}")
    written = hls.rewrite(line.format("k").encode(), BASE, name_link, asking).decode()
    assert written == line.format(f"/play/{led}/https://o.example/a/b/k")
    for other in ("skd://x", "data:text/plain,x", ""):
        assert hls.rewrite(line.format(other).encode(), BASE, name_link, asking).decode() == line.format(other)


LISTED, LISTED_THERE = (
    '{"ASSETS":[{"URI":"ad"}]}',
    '{"ASSETS":[{"URI":"//gate.example/play/G/https://o.example/a/b/ad"}]}',
)


def encoded(text: str, padding: bool = True) -> str:
    coded = base64.b64encode(text.encode()).decode()
    return coded if padding else coded.rstrip("=")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"data:application/json,{quote(LISTED)}", f"data:application/json,{quote(LISTED_THERE, safe='/:[],')}"),
        (f" DATA:;base64,{encoded(LISTED)}", f"DATA:;base64,{encoded(LISTED_THERE)}"),
        (f"data:;BASE64,{encoded(LISTED, padding=False)}#f", f"data:;BASE64,{encoded(LISTED_THERE)}#f"),
        ("da\tta:,{%22ASSETS%22:[]}", None),
        ("data:application/json;base64,$", None),
        ("data:text/plain,x", None),
    ],
)
@pytest.mark.parametrize("attribute", ["X-ASSET-LIST", "X-URI"])
def test_json_that_stands_in_a_playlist_itself_leads_to_the_gateway(
    attribute: str, before: str, after: str | None
) -> None:
    line = '#EXT-X-DATERANGE:ID="1",{}="{}",X="data:,y"'

    def there(_reference: str, absolute: str) -> str:
        return f"/play/G/{absolute}"

    text = hls.rewrite(line.format(attribute, before).encode(), BASE, there, Asking(own="//gate.example")).decode()
    assert text == line.format(attribute, after or before)


def test_an_interstitial_is_named_by_a_whole_address() -> None:
    """hls.js resolves what the playlist, or a list of assets, names so against the page that it runs in."""
    line = '#EXT-X-DATERANGE:ID="1",X-ASSET-URI="{}",X-ASSET-LIST="{}"'
    ad, listed = "https://ads.example/a.m3u8", "https://ads.example/list"
    asking = Asking(own="https://gate.example")

    def there(_reference: str, absolute: str) -> str:
        return f"/play/G/{absolute}"

    text = hls.rewrite(line.format(ad, listed).encode(), BASE, there, asking)
    assert text.decode() == line.format(f"https://gate.example/play/G/{ad}", f"/play/G/{listed}")
    told = documents.rewrite(Document.JSON, LISTED.encode(), BASE, there, asking)
    assert told.decode() == '{"ASSETS":[{"URI":"https://gate.example/play/G/https://o.example/a/b/ad"}]}'


DEFINITIONS = b"""#EXTM3U
#EXT-X-DEFINE:NAME="cdn",VALUE="cdn.example"
#EXT-X-DEFINE:NAME="home",VALUE="https://{$cdn}/x"
#EXT-X-DEFINE:QUERYPARAM="token"
#EXT-X-DEFINE:QUERYPARAM="empty"
#EXT-X-DEFINE:IMPORT="imported"
"""


@pytest.mark.parametrize(
    ("reference", "absolute"),
    [
        (b"{$home}/1.ts?t={$token}", b"https://cdn.example/x/1.ts?t=a+b"),
        (b"https://{$cdn}/{$cdn}", b"https://cdn.example/cdn.example"),
        (b"{home}.ts", b"https://o.example/a/b/%7Bhome%7D.ts"),
    ],
)
def test_variables_are_put_in_before_a_reference_is_resolved(reference: bytes, absolute: bytes) -> None:
    lines = b'#EXT-X-MAP:URI="%s"\n%s\n'
    text = rewritten(DEFINITIONS + lines % (reference, reference))
    assert text.endswith(lines % (b"/play/G/" + absolute, b"/play/G/" + absolute))


@pytest.mark.parametrize("name", [b"imported", b"unknown", b"empty", b"later"])
def test_a_reference_with_a_variable_of_unknown_value_leads_to_the_gateway_as_it_stands(name: bytes) -> None:
    # Left to the player it could lead anywhere, and with the player's token: QUERYPARAM may name that field.
    text = DEFINITIONS + b'{$%s}/1.ts\n#EXT-X-DEFINE:NAME="later",VALUE="x"\n' % name
    assert HERE + b"%%7B$%s%%7D/1.ts\n" % name in rewritten(text)


def test_a_variable_defined_by_an_unknown_one_is_unknown() -> None:
    text = b'#EXT-X-DEFINE:NAME="a",VALUE="x"\n#EXT-X-DEFINE:NAME="a",VALUE="{$b}"\n%s\n'
    assert rewritten(text % b"{$a}.ts") == text % (HERE + b"%7B$a%7D.ts")


def test_a_variables_value_is_not_searched_for_variables_again() -> None:
    definitions = b'#EXT-X-DEFINE:NAME="a",VALUE="{$"\n#EXT-X-DEFINE:NAME="b",VALUE="x"\n'
    assert rewritten(definitions + b"{$a}b}.ts") == definitions + HERE + b"%7B$b%7D.ts"


def test_variables_that_double_without_end_are_refused() -> None:
    doubling = [b'#EXT-X-DEFINE:NAME="a%d",VALUE="{$a%d}{$a%d}"\n' % (n + 1, n, n) for n in range(64)]
    with pytest.raises(MalformedManifest):
        rewritten(b'#EXT-X-DEFINE:NAME="a0",VALUE="laughter"\n' + b"".join(doubling))


def test_a_playlist_of_nothing_but_references_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(MalformedManifest):
        rewritten(b"a\n" * (link.MOST + 1))


def test_a_playlist_whose_references_would_become_too_long_is_refused_before_it_fills_the_memory() -> None:
    long = "/" + "x" * (link.MOST_WRITTEN // 1000)
    with pytest.raises(MalformedManifest):
        hls.rewrite(b"a\n" * 1000, BASE, lambda _reference, _absolute: long)


@pytest.mark.parametrize(
    "line", [b"A" * 500_000, b"A," * 250_000, b'A="' * 200_000, b" " * 500_000 + b"=", b'"' * 500_001, b"{$" * 250_000]
)
def test_a_long_hostile_line_takes_linear_time(line: bytes) -> None:
    # Quadratic time would take this test hours, and the runner's own limit would end it.
    text = b"#EXT-X-KEY:" + line + b"\n"
    assert hls.rewrite(text, BASE, no_link).startswith(b"#EXT-X-KEY:")


URI = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.ts(\?[a-z]=[0-9]&b)?", fullmatch=True).map(str.encode)
UNQUOTED = st.binary(max_size=30).map(lambda raw: raw.translate(None, b'"\r\n\0\\#\x80'))
SPACE = st.sampled_from([b"", b" ", b"\t ", b"  "])
Piece = tuple[bytes, bytes | None, bytes]
NOTE: st.SearchStrategy[Piece] = UNQUOTED.map(lambda raw: (b"#Z" + raw, None, b""))
LINE: st.SearchStrategy[Piece] = st.tuples(SPACE, URI, SPACE)
KEY: st.SearchStrategy[Piece] = st.tuples(
    UNQUOTED.map(lambda raw: b'#EXT-X-KEY:METHOD=AES-128,X-A="' + raw + b'",URI="'),
    URI,
    UNQUOTED.map(lambda raw: b'",X-B="' + raw + b'"'),
)


@given(st.lists(st.tuples(NOTE | LINE | KEY, st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"]))))
def test_every_byte_that_is_not_a_reference_stays_where_it_is(lines: list[tuple[Piece, bytes]]) -> None:
    text = b"".join(before + (uri or b"") + after + end for (before, uri, after), end in lines)
    expected = b"".join(before + (HERE + uri if uri else b"") + after + end for (before, uri, after), end in lines)
    assert rewritten(text) == expected
