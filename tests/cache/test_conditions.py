"""What players ask of stored answers, and what is asked of origins."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from gateway.cache.conditions import NotOneRange, Wanted, confirms, is_same, is_unchanged, respond, validation
from gateway.cache.part import Part
from gateway.origins.head import Head
from tests.cache.heads import at, awkward_heads, head, latin_1, video

Field = tuple[str, str]
BODY = bytes(range(100))
DATED, TAGGED, WEAK = ("Date", at(0)), ("ETag", '"a"'), ("ETag", 'W/"a"')
MODIFIED = ("Last-Modified", at(-1000))
STORED = video(DATED, TAGGED, MODIFIED, ("Cache-Control", "max-age=60"), ("Content-Length", "100"))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ((TAGGED, MODIFIED), {"If-None-Match": '"a"', "If-Modified-Since": at(-1000)}),
        ((WEAK,), {"If-None-Match": 'W/"a"'}),
        ((("ETag", '""'),), {"If-None-Match": '""'}),
        ((MODIFIED,), {"If-Modified-Since": at(-1000)}),
        ((("ETag", "*"), MODIFIED), {"If-Modified-Since": at(-1000)}),
        ((("ETag", '"a", "b"'),), {}),
        ((("ETag", "a"), ("Last-Modified", "yesterday")), {}),
        ((), {}),
    ],
)
def test_an_origin_is_asked_with_the_validators_that_it_gave(fields: tuple[Field, ...], asked: dict[str, str]) -> None:
    assert validation(video(*fields)) == asked


@pytest.mark.parametrize(
    ("stored", "answer", "confirmed"),
    [
        ((TAGGED,), (TAGGED,), True),
        ((TAGGED,), (("ETag", '"b"'),), False),
        ((TAGGED,), (WEAK,), True),
        ((WEAK,), (WEAK,), True),
        ((WEAK,), (TAGGED,), False),
        ((WEAK,), (("ETag", 'W/"b"'),), False),
        ((MODIFIED,), (TAGGED, MODIFIED), False),
        ((TAGGED, MODIFIED), (TAGGED, ("Last-Modified", at(-1))), True),
        ((TAGGED, MODIFIED), (MODIFIED,), True),
        ((MODIFIED,), (MODIFIED,), True),
        ((MODIFIED,), (("Last-Modified", at(-1)),), False),
        ((TAGGED,), (MODIFIED,), False),
        ((TAGGED, MODIFIED), (), True),
    ],
)
def test_a_304_confirms_what_has_its_validator(
    stored: tuple[Field, ...], answer: tuple[Field, ...], confirmed: bool
) -> None:
    assert confirms(video(*stored), head(304, *answer)) is confirmed
    assert not confirms(video(*stored), head(200, *answer))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bytes=5-9", Wanted(5, 9, None)),
        ("bytes=5-5", Wanted(5, 5, None)),
        ("bytes=5-", Wanted(5, None, None)),
        ("bytes=0-", Wanted(0, None, None)),
        ("bytes=-500", Wanted(None, None, 500)),
        ("bytes=-0", Wanted(None, None, 0)),
        ("Bytes=0005-", Wanted(5, None, None)),
        (" bytes=5-9 ", Wanted(5, 9, None)),
    ],
)
def test_one_range_is_read(text: str, wanted: Wanted) -> None:
    assert Wanted.of({"Range": text}) == wanted
    assert Wanted.of(HTTPHeaders({"range": text})) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=5-9,20-", "bytes=5-9,", "bytes=5", "bytes=a-b",
        "bytes=--5", "bytes=5--9", "bytes=+5-9", "bytes= 5-9", "bytes =5-9", "bytes=5 - 9", "items=5-9", "5-9",
        "bytes=\xb2-", "bytes=\u0665-", "bytes=" + "9" * 5000 + "-", "bytes=5-9\n", "bytes=5-9 bytes=7-",
    ],
)  # fmt: skip
def test_what_is_not_one_range_is_the_origins_to_answer(text: str) -> None:
    with pytest.raises(NotOneRange):
        Wanted.of({"Range": text})
    found = respond(STORED, 100, {"Range": text})
    assert (found.head.status, found.first, found.count) == (200, 0, 100)


def test_a_request_without_range_wants_no_range() -> None:
    assert Wanted.of({}) is None


@given(st.text(max_size=20) | st.text("bytes=0123456789-,", max_size=16).map("bytes={}".format))
def test_no_range_makes_it_fail_otherwise(text: str) -> None:
    try:
        wanted = Wanted.of({"Range": text})
    except NotOneRange:
        return
    assert wanted is not None
    assert (wanted.first is None) is (wanted.suffix is not None)


@pytest.mark.parametrize(
    ("asked", "status", "sent"),
    [
        ({}, 200, (0, 100)),
        ({"If-None-Match": '"a"'}, 304, (0, 0)),
        ({"If-None-Match": 'W/"a"'}, 304, (0, 0)),
        ({"If-None-Match": '"x", W/"a" ,"y"'}, 304, (0, 0)),
        ({"If-None-Match": " * "}, 304, (0, 0)),
        ({"If-None-Match": '"b"'}, 200, (0, 100)),
        ({"If-None-Match": "a"}, 200, (0, 100)),
        ({"If-None-Match": ""}, 200, (0, 100)),
        ({"If-None-Match": '"b"', "If-Modified-Since": at(0)}, 200, (0, 100)),
        ({"If-None-Match": '"a"', "If-Modified-Since": at(-9999)}, 304, (0, 0)),
        ({"If-Modified-Since": at(-1000)}, 304, (0, 0)),
        ({"If-Modified-Since": at(0)}, 304, (0, 0)),
        ({"If-Modified-Since": at(-1001)}, 200, (0, 100)),
        ({"If-Modified-Since": "yesterday"}, 200, (0, 100)),
        ({"Range": "bytes=5-9"}, 206, (5, 5)),
        ({"Range": "bytes=5-999"}, 206, (5, 95)),
        ({"Range": "bytes=99-"}, 206, (99, 1)),
        ({"Range": "bytes=100-"}, 416, (0, 0)),
        ({"Range": "bytes=-1"}, 206, (99, 1)),
        ({"Range": "bytes=-999"}, 206, (0, 100)),
        ({"Range": "bytes=-0"}, 416, (0, 0)),
        ({"Range": "bytes=5-9", "If-None-Match": '"a"'}, 304, (0, 0)),
        ({"Range": "bytes=999-", "If-None-Match": '"a"'}, 304, (0, 0)),
        ({"Range": "bytes=5-9", "If-None-Match": '"b"'}, 206, (5, 5)),
        ({"Range": "bytes=5-9", "If-Modified-Since": at(-1000)}, 304, (0, 0)),
        ({"Range": "bytes=5-9", "If-Range": '"a"'}, 206, (5, 5)),
        ({"Range": "bytes=5-9", "If-Range": '"b"'}, 200, (0, 100)),
        ({"Range": "bytes=5-9", "If-Range": 'W/"a"'}, 200, (0, 100)),
        ({"Range": "bytes=5-9", "If-Range": '"a", "b"'}, 200, (0, 100)),
        ({"Range": "bytes=5-9", "If-Range": ""}, 200, (0, 100)),
        ({"Range": "bytes=100-", "If-Range": '"b"'}, 200, (0, 100)),
        ({"If-Range": '"a"'}, 200, (0, 100)),
        ({"If-Range": '"b"'}, 200, (0, 100)),
    ],
)
def test_a_request_is_answered_in_the_order_of_the_rfc(
    asked: dict[str, str], status: int, sent: tuple[int, int]
) -> None:
    for fields in (asked, HTTPHeaders(asked)):
        found = respond(STORED, 100, fields)
        assert (found.head.status, found.first, found.count) == (status, *sent)


@pytest.mark.parametrize(
    ("fields", "validator", "same"),
    [
        ((WEAK,), 'W/"a"', False),
        ((WEAK,), '"a"', False),
        ((("ETag", "a"),), "a", False),
        ((MODIFIED, DATED), at(-1000), True),
        ((MODIFIED, DATED), at(-1001), False),
        ((MODIFIED, DATED), at(0), False),
        ((MODIFIED,), at(-1000), False),
        ((("Last-Modified", at(-1)), DATED), at(-1), False),
        ((MODIFIED, DATED, ("Content-Encoding", "gzip")), at(-1000), False),
        ((TAGGED, ("Accept-Ranges", "none")), '"a"', True),
        ((), "", False),
    ],
)
def test_if_range_compares_strongly(fields: tuple[Field, ...], validator: str, same: bool) -> None:
    assert is_same(video(*fields), {"If-Range": validator}) is same
    found = respond(video(*fields), 100, {"Range": "bytes=5-9", "If-Range": validator})
    assert found.head.status == (206 if same else 200)


def test_date_stands_in_for_last_modified() -> None:
    assert is_unchanged(video(DATED), {"If-Modified-Since": at(0)})
    assert not is_unchanged(video(DATED), {"If-Modified-Since": at(-1)})
    assert not is_unchanged(video(), {"If-Modified-Since": at(0)})


@pytest.mark.parametrize(
    ("text", "status"), [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-0", 416), ("bytes=-5", 200), ("x", 200)]
)
def test_nothing_has_no_bytes_but_the_last_ones(text: str, status: int) -> None:
    found = respond(video(), 0, {"Range": text})
    assert (found.head.status, found.count) == (status, 0)
    assert found.head.get("Content-Range") == ("bytes */0" if status == 416 else "")
    assert found.head.length == 0


@pytest.mark.parametrize("status", [301, 302, 308])
def test_of_a_redirect_nothing_is_asked(status: int) -> None:
    stored = head(status, ("Location", "/"), TAGGED, MODIFIED)
    asked = {"Range": "bytes=0-0", "If-None-Match": "*", "If-Modified-Since": at(0)}
    found = respond(stored, 7, asked)
    assert (found.head.status, found.first, found.count, found.head.get("Location")) == (status, 0, 7, "/")


def test_a_304_has_only_what_guides_caches() -> None:
    fields = ("Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Vary")
    others = ("Content-Type", "Content-Length", "Last-Modified", "Age", "Accept-Ranges", "Set-Cookie")
    stored = head(200, *((name, "1") for name in fields + others), ("vary", "2"))
    found = respond(stored, 100, {"If-None-Match": "*"})
    assert found.head == head(304, *((name, "1") for name in fields), ("vary", "2"))
    untagged = respond(video(MODIFIED), 100, {"If-None-Match": "*"})
    assert untagged.head == head(304, MODIFIED)


def test_a_head_is_framed_anew() -> None:
    stored = video(TAGGED, ("content-length", "7"), ("Content-Range", "x"), ("Transfer-Encoding", "chunked"))
    kept = (("Content-Type", "video/mp4"), TAGGED)
    assert respond(stored, 100, {}).head == head(200, *kept, ("Content-Length", "100"))
    partial = (("Content-Range", "bytes 5-9/100"), ("Content-Length", "5"))
    assert respond(stored, 100, {"Range": "bytes=5-9"}).head == head(206, *kept, *partial)
    unsatisfied = (("Content-Range", "bytes */100"), ("Content-Length", "0"))
    assert respond(stored, 100, {"Range": "bytes=100-"}).head == head(416, *unsatisfied)


numbers = st.integers(0, 130) | st.integers(0, 10**17)


def ranges() -> st.SearchStrategy[str]:
    closed = st.tuples(numbers, numbers).map(lambda ends: f"bytes={min(ends)}-{max(ends)}")
    return closed | numbers.map("bytes={}-".format) | numbers.map("bytes=-{}".format)


def naive(text: str, body: bytes) -> tuple[int, bytes]:
    """The first byte and the bytes that a range names, picked one by one."""
    low, _, high = text.removeprefix("bytes=").partition("-")
    if not low:
        chosen = [at for at in range(len(body)) if at >= len(body) - int(high)]
    else:
        chosen = [at for at in range(len(body)) if int(low) <= at and (not high or at <= int(high))]
    return (chosen[0] if chosen else 0), bytes(body[at] for at in chosen)


@given(st.integers(0, 120), ranges())
def test_a_range_of_a_whole_is_what_it_names(total: int, text: str) -> None:
    body = bytes(range(total))
    found = respond(video(), total, {"Range": text})
    start, named = naive(text, body)
    assert body[found.first : found.first + found.count] == named
    assert found.head.length == found.count == len(named)
    if named:
        assert found.head.status == 206
        assert Part.of(found.head) == Part(start, start + len(named) - 1, total)
    else:
        assert (found.head.status == 200) is (total == 0 and text.startswith("bytes=-") and text != "bytes=-0")


conditions = st.dictionaries(
    st.sampled_from(("Range", "If-Range", "If-None-Match", "If-Modified-Since")),
    ranges() | st.sampled_from(('"a"', 'W/"a"', '"b"', "*", at(0), at(-1000), "")) | latin_1,
)


@given(awkward_heads, st.integers(0, 10**18 - 1), conditions)
def test_no_request_makes_it_fail_or_send_what_is_not_there(stored: Head, total: int, asked: Mapping[str, str]) -> None:
    found = respond(stored, total, asked)
    assert 0 <= found.first <= found.first + found.count <= total
    assert found.head.status in {stored.status, 206, 304, 416}
    if found.head.status not in {204, 304}:
        assert found.head.length == found.count
    confirms(stored, found.head)
    assert "*" not in validation(stored).values()


@given(awkward_heads)
def test_what_confirmed_an_answer_would_confirm_it_again(stored: Head) -> None:
    echo = Head(304, tuple(field for field in stored.fields if field[0] in {"ETag", "Last-Modified"}))
    assert confirms(stored, echo)
