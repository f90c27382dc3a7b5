"""What a grant's scope covers, and what only looks as if it did."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Scope
from tests.identity.conftest import SCOPE

HERE = SCOPE.origin


@pytest.mark.parametrize(
    "path",
    [
        "/a/b/",
        "/a/b/c.ts",
        "/a/b/c/d/e.m4s",
        "/a/b/..c/...ts",
        "/a/b/c..d",
        "/a/b/.hidden",
        "/a/b/x%20y.ts",
        "/a/b/100%25.ts",
        "/a/b/x%2ets",
        "/a/b/caf%C3%A9.ts",
        "/a/b/%E2%82%AC.ts",
        "/a/b/%E2%80%A6.ts",
        "/a/b/%E2%80%A6/x.ts",
        "/a/b/and%EF%BC%8For.ts",
        "/a/b/%ff%fe.ts",
        "/a/b/x;v=1/y.ts",
        "/a/b/x+y=z,w@1:2!.ts",
    ],
)
def test_a_scope_covers_what_lies_plainly_beneath_it(path: str) -> None:
    assert SCOPE.covers(HERE, path)


@pytest.mark.parametrize(
    "origin",
    [
        "http://cdn.example.com",
        "https://cdn.example.com:8443",
        "https://cdn.example.com:443",
        "https://cdn.example.com.evil.example",
        "https://evil.example",
        "https://CDN.example.com",
        "https://cdn.example.com@evil.example",
        "https://cdn.example.co",
        "",
    ],
)
def test_a_scope_covers_no_other_origin(origin: str) -> None:
    assert not SCOPE.covers(origin, "/a/b/c.ts")


@pytest.mark.parametrize("path", ["/a/b", "/a/bc/c.ts", "/a/", "/", "", "a/b/c.ts", "/A/b/c.ts", "/%61/b/c", "//a/b/c"])
def test_a_scope_covers_nothing_beside_its_prefix(path: str) -> None:
    assert not SCOPE.covers(HERE, path)


@pytest.mark.parametrize(
    "step",
    [
        "..",
        ".",
        "../x",
        "x/../../../y",
        "%2e%2e/x",
        "%2E./x",
        ".%2e",
        "%2e",
        "..;/x",
        "..;a=b/x",
        "..%3b/x",
        "..%2fx",
        "..%2Fx",
        "x%2fy",
        "..%5cx",
        "..\\x",
        "x\\y",
        "/x",
        "x//y",
        "%2f",
        "%252e%252e/x",
        "%25252e%25252e/x",
        "x%252fy",
        "x%255cy",
        "%%32%65%%32%65/x",
        "%2%65%2%65/x",
        "%c0%ae%c0%ae/x",
        "..%c0%af",
        "..%C1%9C",
        "%u002e%u002e/x",
        "%00",
        "x\x00y",
        "x%0d%0ay",
        "x%250d%250ay",
        "x\ny",
        "x\ty",
        "x y",
        "x\x7fy",
        "x%7fy",
        "%E2%80%A4%E2%80%A4/x",
        "%E2%80%A5/x",
        "%EF%BC%8E%EF%BC%8E/x",
        "%EF%BC%8E%EF%BC%8E%EF%BC%8Fx",
        "..%EF%BC%8Fx",
        "x%EF%BC%BCy",
        "x%EF%BC%8F%EF%BC%8Fy",
        "%25E2%2580%25A5/x",
        "\u2025/x",
    ],
)
def test_a_scope_covers_no_way_out_however_it_is_written(step: str) -> None:
    assert not SCOPE.covers(HERE, f"/a/b/{step}")
    assert not SCOPE.covers(HERE, f"/a/b/c/{step}")


def test_a_path_that_is_encoded_without_end_is_refused_at_once() -> None:
    assert not SCOPE.covers(HERE, "/a/b/%" + "25" * 100_000)


def test_what_the_prefix_itself_holds_is_the_gateways_own_choice() -> None:
    odd = Scope(HERE, "/a%2Fb//c/")
    assert odd.covers(HERE, "/a%2Fb//c/d.ts")
    assert not odd.covers(HERE, "/a%2Fb//c//d.ts")


@pytest.mark.parametrize("prefix", ["", "a/b/", "a"])
def test_a_prefix_that_is_no_path_is_no_scope(prefix: str) -> None:
    with pytest.raises(ValueError, match="slash"):
        Scope(HERE, prefix)


@pytest.mark.parametrize("path", ["/a/b/film.mp4", "/o/a%2Fb.mp4", "/a//b", "/..;x"])
def test_a_scope_without_a_slash_at_its_end_covers_one_path(path: str) -> None:
    scope = Scope(HERE, path)
    assert scope.covers(HERE, path)
    assert not scope.covers("https://evil.example", path)
    for other in ("/", "x", "/x", "/..", "/../x", "?x", "%2f", "%00", ";x", " "):
        assert not scope.covers(HERE, path + other)
    for other in (path[:-1], path.swapcase(), path + path, "/" + path, path.replace("/", "/./"), quote(path, safe="/")):
        assert other == path or not scope.covers(HERE, other)


@given(st.text(alphabet="abc./\\%25efuUEF0;\x00\n ", max_size=30))
def test_nothing_that_is_covered_leads_out_when_it_is_decoded_and_resolved(rest: str) -> None:
    path = f"/a/b/{rest}"
    if not SCOPE.covers(HERE, path):
        return
    for _ in range(4):
        segments = path.split("/")
        assert segments[:3] == ["", "a", "b"]
        assert not {".", "..", "\\"} & set(segments)
        assert "" not in segments[1:-1]
        path = unquote(path)


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1), min_size=1))
def test_an_honest_name_is_covered_once_it_is_encoded(names: list[str]) -> None:
    alike = {name: unicodedata.normalize("NFKC", name) for name in names}
    honest = [name for name in names if not set(alike[name]) & set("/\\%; ") and alike[name] not in {".", ".."}] or [
        "x"
    ]
    assert SCOPE.covers(HERE, "/a/b/" + "/".join(quote(name, safe="") for name in honest))
