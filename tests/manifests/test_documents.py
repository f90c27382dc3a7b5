"""What names media beside manifests: steering, lists of assets, schedules, chapters, thumbnails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests import Asking, Document, document_of, is_undecided, rewrite
from gateway.manifests.json_text import LARGEST
from tests.manifests.corpora import name_link, no_link
from tests.manifests.test_json_text import TREE

BASE = "https://o.example/s/steer.json?a=b"


class Notes:
    """Notes that can be read."""

    def variables(self, _url: str, _values: Mapping[str, str]) -> str:
        return "V"

    def pathway(self, host: str) -> str:
        return f"signed {host}"


ASKING = Asking(own="https://gate.example:8443", notes=Notes())


def rewritten(text: str | bytes) -> str:
    text = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return rewrite(Document.JSON, text, BASE, name_link, ASKING).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("host", [["evil.example"], [["evil.example"]], 2130706433, True, [2130706433]])
def test_no_host_that_a_player_would_make_of_another_value_is_given_the_grants(host: object) -> None:
    """hls.js puts whatever HOST is into the address that it has, which carries a grant."""
    told = replacement(json.dumps({"HOST": host}))
    assert told["HOST"] == "gate.example:8443"
    assert told["PARAMS"]["sluicegate.pathway"]


def test_the_addresses_of_variants_may_stand_in_an_array_for_those_whose_names_are_numbers() -> None:
    assert replacement('{"PER-VARIANT-URIS":["https://x.example/v"]}') == {
        "PER-VARIANT-URIS": ["https://gate.example:8443/play/G/https://x.example/v"]
    }


def replacement(uri_replacement: str) -> Any:
    """What a player reads of a clone's URI-REPLACEMENT."""
    clone = f'{{"BASE-ID":"a","ID":"b","URI-REPLACEMENT":{uri_replacement}}}'
    text = rewritten(f'{{"VERSION":1,"PATHWAY-CLONES":[{clone}]}}')
    return json.loads(text)["PATHWAY-CLONES"][0]["URI-REPLACEMENT"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"RELOAD-URI" : "next?x=1", "TTL":3e2}',
         '{"RELOAD-URI" : "/play/G/https://o.example/s/next?x=1", "TTL":3e2}'),
        ('{"RELOAD-URI":"https:\\/\\/s.example\\u002fx"}', '{"RELOAD-URI":"/play/G/https://s.example/x"}'),
        ('{"\\u0052ELOAD-URI":"/x"}', '{"\\u0052ELOAD-URI":"/play/G/https://o.example/x"}'),
        ('{"RELOAD-URI":"a","RELOAD-URI":"b"}', '{"RELOAD-URI":"/play/G/https://o.example/s/a","RELOAD-URI":"/play/G/https://o.example/s/b"}'),
        ('\ufeff\n{"ASSETS":[{"URI":"ad.m3u8","DURATION":15.00,"X":{"URI":"kept"}},{"URI":"https://ads.example/2"}],"SKIP-CONTROL":{}}',
         '\ufeff\n{"ASSETS":[{"URI":"https://gate.example:8443/play/G/https://o.example/s/ad.m3u8","DURATION":15.00,"X":{"URI":"kept"}},{"URI":"https://gate.example:8443/play/G/https://ads.example/2"}],"SKIP-CONTROL":{}}'),
        ('{"DATERANGES":[{"X-ASSET-LIST":"l","X-ASSET-URI":"u","X-URI":"n","URI":"kept"}]}',
         '{"DATERANGES":[{"X-ASSET-LIST":"https://gate.example:8443/play/G/https://o.example/s/l","X-ASSET-URI":"https://gate.example:8443/play/G/https://o.example/s/u","X-URI":"https://gate.example:8443/play/G/https://o.example/s/n","URI":"kept"}]}'),
        ('[{"chapter":1,"images":[{"url":"a.jpg","pixel-width":1}]}]',
         '[{"chapter":1,"images":[{"url":"https://gate.example:8443/play/G/https://o.example/s/a.jpg","pixel-width":1}]}]'),
        ('{"RELOAD-URI":[["https://x.example/"]]}', '{"RELOAD-URI":"/play/G/https://x.example/"}'),
        ('{"RELOAD-URI":"http://x.example:80y/"}', '{"RELOAD-URI":"/api?url=http%3A%2F%2Fx.example%3A80y%2F"}'),
        ('{"RELOAD-URI":"https://x.example/\\ud800"}', '{"RELOAD-URI":"/play/G/https://x.example/%EF%BF%BD"}'),
        ('{"RELOAD-URI":"https://x.example/\udcff"}', '{"RELOAD-URI":"/play/G/https://x.example/%EF%BF%BD"}'),
    ],
)  # fmt: skip
def test_only_the_references_change(before: str, after: str) -> None:
    assert rewritten(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{}", "[]", "[1]", '{"a":1}', '{"RELOAD-URI":"data:,x"}',
        '{"URI":"a"}', '{"ASSETS":{"URI":"a"}}', '{"ASSETS":["a"]}', '{"x":{"RELOAD-URI":"a"}}', '{"reload-uri":"a"}',
        '{"PATHWAY-CLONES":"a"}', '{"PATHWAY-CLONES":[{"HOST":"a"}]}', "{'RELOAD-URI':'a'}", '{"RELOAD-URI":"a",}',
        '{"PATHWAY-CLONES":[{"URI-REPLACEMENT":{"PARAMS":{"HOST":"h"},"HOST":""}}]}', '{"a":NaN,"RELOAD-URI":"a"}',
    ],
)  # fmt: skip
def test_what_is_neither_stays_as_it_is(text: str) -> None:
    assert rewritten(text) == text


def test_a_cloned_host_is_the_gateways_own_and_noted_among_the_params() -> None:
    assert replacement('{"HOST":"CDN2.example"}') == {
        "HOST": "gate.example:8443",
        "PARAMS": {"sluicegate.pathway": "signed cdn2.example"},
    }


def test_params_keep_what_they_hold() -> None:
    told = replacement('{"PARAMS":{"t":"1","u":"\\u00e9"},"HOST":"cdn2.example:81"}')
    assert told["PARAMS"] == {"t": "1", "u": "é", "sluicegate.pathway": "signed cdn2.example:81"}


@pytest.mark.parametrize(
    "params",
    ["{}", "null", "7", '"x"', "[]", '{"sluicegate.pathway":"forged"}', '{},"PARAMS":null', 'null,"PARAMS":{}'],
)
def test_a_clone_is_noted_whatever_its_params_are(params: str) -> None:
    told = replacement(f'{{"HOST":"other.example","HOST":"h.example","PARAMS":{params}}}')
    assert told["PARAMS"] == {"sluicegate.pathway": "signed h.example"}
    assert told["HOST"] == "gate.example:8443"


@pytest.mark.parametrize("host", ["a/b", "u@h", "h:1:2", "a b", "h?x", "é.example", "[::1", "h:123456", "https://"])
def test_what_is_no_host_is_not_noted_and_leads_nowhere(host: str) -> None:
    assert replacement(json.dumps({"HOST": host}))["PARAMS"] == {"sluicegate.pathway": "-"}


def test_uris_of_streams_are_whole_since_players_resolve_them_against_nothing() -> None:
    told = replacement('{"PER-VARIANT-URIS":{"v":"https://f.example/v"},"PER-RENDITION-URIS":{"a":"../a"}}')
    assert told == {
        "PER-VARIANT-URIS": {"v": "https://gate.example:8443/play/G/https://f.example/v"},
        "PER-RENDITION-URIS": {"a": "https://gate.example:8443/play/G/https://o.example/a"},
    }


def test_json_that_is_too_large_is_left() -> None:
    large = f'{{"RELOAD-URI":"a","x":"{"x" * LARGEST}"}}'
    assert rewritten(large) == large


@given(TREE, st.sampled_from(["RELOAD-URI", "ASSETS", "DATERANGES", "PATHWAY-CLONES"]))
def test_json_stays_json_with_the_same_keys_whatever_it_holds(tree: object, name: str) -> None:
    told = json.loads(rewritten(json.dumps({"VERSION": 1, name: tree})))
    assert list(told) == ["VERSION", name]
    assert rewrite(Document.JSON, json.dumps(tree).encode(), BASE, no_link, ASKING) == json.dumps(tree).encode()


VTT = """WEBVTT - made
X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000

STYLE
::cue { color: red }

NOTE https://o.example/a.jpg

1
00:00.000 --> 00:05.000 line:0\r
 https://cdn.example/t.jpg#xywh=0,0,160,90 \r
\r
00:05.000 --> 00:10.000
sprite#xywh=1,2,3,4

00:10.000 --> 00:15.000
Look at https://o.example/a.jpg

00:15.000 --> 00:20.000
https://o.example/

00:20.000 --> 00:25.000
thumb.png
and a second line

00:25.000 --> 00:30.000
thumb.WebP?x=1"""


def test_thumbnails_lead_through_the_gateway_and_subtitles_stay() -> None:
    after = rewrite(Document.WEBVTT, VTT.encode(), "https://o.example/t/t.vtt", name_link).decode()
    assert after == VTT.replace(" https://cdn.example/t.jpg", " /play/G/https://cdn.example/t.jpg").replace(
        "sprite#", "/play/G/https://o.example/t/sprite#"
    ).replace("thumb.WebP", "/play/G/https://o.example/t/thumb.WebP")


@given(st.binary(max_size=300))
def test_bytes_that_no_link_touches_are_the_same(sample: bytes) -> None:
    text = b"WEBVTT\n\n0 --> 1\n" + sample
    assert rewrite(Document.WEBVTT, text, BASE, no_link) == text


@pytest.mark.parametrize(
    "text", [".jpg?" * 400_000, ".jpg " * 400_000, "\n" * 2_000_000, "-->" * 700_000, "#xywh=" * 300_000]
)
def test_hostile_webvtt_takes_linear_time(text: str) -> None:
    source = f"WEBVTT\n\n0 --> 1\n{text}".encode()
    assert rewrite(Document.WEBVTT, source, BASE, no_link) == source


@pytest.mark.parametrize(
    ("content_type", "start", "document"),
    [
        ("application/json", b' \n{"a"', Document.JSON),
        ("application/vnd.apple.steering-list", b"{", Document.JSON),
        ("application/problem+json; charset=utf-8", b"[", Document.JSON),
        ("text/plain", b"\xef\xbb\xbf{", Document.JSON),
        ("", b"{", Document.JSON),
        ("video/mp4", b"{", None),
        ("text/html", b"{", None),
        ("application/json", b'"a"', None),
        ("application/json", b"", None),
        ("text/vtt", b"WEBVTT", Document.WEBVTT),
        ("video/mp4", b"\xef\xbb\xbfWEBVTT\tx", Document.WEBVTT),
        ("text/vtt", b"WEBVTTX", None),
        ("text/vtt", b"1\n0 --> 1", None),
    ],
)  # fmt: skip
def test_documents_are_told_by_their_first_bytes_and_type(content_type: str, start: bytes, document: object) -> None:
    assert document_of(content_type, start) is document


def test_the_start_of_webvtt_is_waited_for() -> None:
    assert is_undecided(b"WEB")
    assert not is_undecided(b"WEBM")
