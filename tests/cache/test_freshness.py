"""Whom answers may be given to, how long they are fresh, and how old they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.freshness import (
    HEURISTIC_LEAST,
    HEURISTIC_MOST,
    Times,
    age,
    lifetime,
    refreshed,
    shareable,
    storable,
)
from gateway.origins.head import Head
from tests.cache.heads import NOW, at, awkward_heads, dates, head, video

Field = tuple[str, str]
AT_ONCE = Times(NOW, NOW)
DATED = ("Date", at(0))
TAGGED = ("ETag", '"a"')
FRESH = ("Cache-Control", "max-age=60")
moments = st.floats(-1e10, 1e10)


def part(content_range: str, *fields: Field) -> Head:
    return head(206, ("Content-Type", "video/mp4"), ("Content-Range", content_range), *fields)


@pytest.mark.parametrize(
    ("field", "shared"),
    [
        (("Cache-Control", "no-store"), False),
        (("Cache-Control", "public, no-store"), False),
        (("Cache-Control", "private"), False),
        (("Cache-Control", 'private="set-cookie"'), False),
        (("Cache-Control", "no-cache"), True),
        (("Cache-Control", "max-age=0"), True),
        (("Set-Cookie", "a=b"), False),
        (("set-cookie", ""), False),
        (("Vary", "*"), False),
        (("Vary", "Accept-Encoding, *"), False),
        (("Vary", "Accept-Encoding, Origin, User-Agent, Cookie"), True),
        (("Vary", "traceparent"), False),
        (("Vary", "Origin,TraceState"), False),
        (("Vary", "Origin , RANGE"), False),
        (("Vary", "If-None-Match"), False),
        (("Vary", "CMCD-Session"), False),
        (("Vary", ""), True),
        (("Content-Type", "multipart/byteranges; boundary=x"), False),
        (("Content-Type", "multipart/mixed"), True),
    ],
)
def test_an_answer_is_shared_unless_it_is_one_players_own(field: Field, shared: bool) -> None:
    assert shareable(head(200, field, FRESH, TAGGED)) is shared
    assert shareable(head(200, ("Vary", "Origin"), FRESH, TAGGED, field)) is shared
    assert shareable(head(404, field)) is shared
    assert storable(head(200, field, FRESH, TAGGED)) is shared


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (head(200, FRESH), True),
        (head(200, TAGGED), True),
        (head(200, ("Last-Modified", at(-9))), True),
        (video(), True),
        (head(200, ("Content-Type", "text/html")), False),
        (head(200, ("Content-Type", "application/json; charset=utf-8")), False),
        (head(200, ("Content-Type", "application/problem+json")), False),
        (head(200, ("Content-Type", "text/html"), TAGGED), True),
        (head(200, ("Content-Type", "text/html"), ("Last-Modified", "yesterday")), False),
        (video(("Cache-Control", "no-cache")), False),
        (video(("Cache-Control", "no-cache"), TAGGED), True),
        (video(("Cache-Control", "max-age=0")), False),
        (video(("Expires", "0")), False),
        (video(("Expires", "0"), TAGGED), True),
        (video(("Expires", at(-1)), DATED), False),
        (video(("Expires", at(1)), DATED), True),
        (head(301, ("Location", "/"), ("Content-Type", "text/html")), True),
        (head(308, ("Location", "/")), True),
        (head(308, ("Location", "/"), ("Cache-Control", "no-cache")), False),
        (head(302, ("Location", "/")), False),
        (head(302, ("Location", "/"), TAGGED), False),
        (head(302, ("Location", "/"), FRESH), True),
        (head(307, ("Location", "/"), ("Expires", at(9)), DATED), True),
        (head(307, ("Location", "/"), ("Cache-Control", "max-age=0")), False),
        (head(307, ("Location", "/"), ("Last-Modified", at(-999)), DATED), False),
        (head(303, FRESH, TAGGED), False),
        (head(304, FRESH, TAGGED), False),
        (head(404, FRESH, TAGGED), False),
        (head(500, FRESH, TAGGED), False),
        (part("bytes 0-9/10", TAGGED), True),
        (part("bytes 0-9/*", ("Last-Modified", at(-1))), True),
        (part("bytes 0-9/10", FRESH), False),
        (part("bytes 0-9/10", TAGGED, ("Content-Length", "10")), True),
        (part("bytes 0-9/10", TAGGED, ("Content-Length", "9")), False),
        (part("bytes 0-10/10", TAGGED), False),
        (part("bytes 9-0/10", TAGGED), False),
        (part("bytes */10", TAGGED), False),
        (part("items 0-9/10", TAGGED), False),
        (part("bytes 0-9/10", TAGGED, ("Content-Range", "bytes 10-19/20")), False),
        (head(206, ("Content-Type", "video/mp4"), TAGGED), False),
    ],
)
def test_an_answer_is_kept_if_it_will_be_of_use(answer: Head, kept: bool) -> None:
    assert storable(answer) is kept


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (video(("Cache-Control", "s-maxage=5, max-age=60"), ("Expires", at(99))), 5),
        (video(("Cache-Control", "s-maxage=0, max-age=60")), 0),
        (video(FRESH, ("Expires", at(-99))), 60),
        (video(FRESH, ("Cache-Control", "no-cache")), 0),
        (video(("Cache-Control", "max-age=x"), ("Expires", at(99))), 0),
        (video(DATED, ("Expires", at(99))), 99),
        (video(("Expires", at(99))), 99),
        (video(("Date", at(90)), ("Expires", at(99))), 9),
        (video(("Date", "today"), ("Expires", at(99))), 99),
        (video(DATED, ("Expires", at(-1))), 0),
        (video(DATED, ("Expires", "")), 0),
        (video(DATED, ("Expires", "Sun, 06 Nov 2050 08:49:37 AEST")), 0),
        (video(DATED, ("Last-Modified", at(-1000))), 100),
        (video(("Last-Modified", at(-1000))), 100),
        (video(DATED, ("Last-Modified", at(-(10**8)))), HEURISTIC_MOST),
        (video(DATED, ("Last-Modified", at(-1))), HEURISTIC_LEAST),
        (video(DATED, ("Last-Modified", at(1000))), HEURISTIC_LEAST),
        (video(DATED, ("Last-Modified", "yesterday")), HEURISTIC_LEAST),
        (video(), HEURISTIC_LEAST),
        (head(200), HEURISTIC_LEAST),
        (part("bytes 0-9/10"), HEURISTIC_LEAST),
        (head(200, ("Content-Type", "Application/JSON;charset=utf-8")), 0),
        (head(200, ("Content-Type", "text/html")), 0),
        (head(200, ("Content-Type", "text/html"), ("Last-Modified", at(-1000))), 100),
        (head(301), HEURISTIC_LEAST),
        (head(302), 0),
        (head(302, ("Last-Modified", at(-1000))), 0),
        (head(302, FRESH), 60),
        (head(404, ("Content-Type", "video/mp4")), 0),
    ],
)
def test_an_answer_is_fresh_as_long_as_it_says_or_as_may_be_guessed(answer: Head, seconds: float) -> None:
    assert lifetime(answer, AT_ONCE, None) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (video(FRESH), 3),
        (video(("Cache-Control", "max-age=2")), 2),
        (video(DATED, ("Expires", at(99))), 3),
        (video(DATED, ("Last-Modified", at(-10))), 3),
        (video(DATED, ("Last-Modified", at(-1000))), 3),
        (video(), 3),
        (video(FRESH, ("Cache-Control", "no-cache")), 0),
    ],
)
def test_a_live_manifest_is_never_fresh_longer_than_its_bound(answer: Head, seconds: float) -> None:
    assert lifetime(answer, AT_ONCE, 3) == pytest.approx(seconds)


@given(awkward_heads, moments, moments, st.none() | st.floats(-10, 1e6))
def test_a_lifetime_is_within_its_bound_and_never_negative(
    answer: Head, asked: float, answered: float, most: float | None
) -> None:
    seconds = lifetime(answer, Times(asked, answered), most)
    assert seconds >= 0
    if most is not None:
        assert seconds <= max(0.0, most)
        assert seconds <= lifetime(answer, Times(asked, answered), None)


@pytest.mark.parametrize(
    ("fields", "times", "now", "seconds"),
    [
        ((), AT_ONCE, NOW, 0),
        ((), AT_ONCE, NOW + 7, 7),
        ((DATED,), Times(NOW, NOW + 2), NOW + 7, 7),
        ((DATED,), Times(NOW - 2, NOW), NOW + 7, 9),
        ((("Date", at(-100)),), AT_ONCE, NOW + 7, 106),
        ((("Date", at(-1)),), AT_ONCE, NOW, 0),
        ((("Date", at(100)),), AT_ONCE, NOW + 7, 7),
        ((("Age", "30"),), AT_ONCE, NOW + 7, 37),
        ((("Age", "30"), ("Date", at(-100))), AT_ONCE, NOW, 99),
        ((("Age", "300"), ("Date", at(-100))), Times(NOW - 2, NOW), NOW, 302),
        ((("Age", "30, 40"),), AT_ONCE, NOW, 30),
        ((("Age", "30"), ("Age", "40")), AT_ONCE, NOW, 30),
        ((("Age", "-30"),), AT_ONCE, NOW, 0),
        ((("Age", "30.5"),), AT_ONCE, NOW, 0),
        ((("Age", "1e3"),), AT_ONCE, NOW, 0),
        ((("Age", "9" * 5000),), AT_ONCE, NOW, 2**31),
        ((("Date", "today"),), AT_ONCE, NOW + 7, 7),
        ((("Date", "Fri, 31 Dec 9999 23:59:59 GMT"),), AT_ONCE, NOW + 7, 7),
        ((), Times(NOW, NOW - 9), NOW - 20, 0),
    ],
)
def test_an_answer_is_as_old_as_the_greatest_claim(
    fields: tuple[Field, ...], times: Times, now: float, seconds: float
) -> None:
    assert age(video(*fields), times, now) == pytest.approx(seconds)


@given(awkward_heads, moments, moments, moments, st.floats(0, 1e6))
def test_an_age_is_never_negative_and_grows_with_time(
    answer: Head, asked: float, answered: float, now: float, later: float
) -> None:
    times = Times(asked, answered)
    assert 0 <= age(answer, times, now) <= age(answer, times, now + later)


@given(st.integers(0, 10**6), dates, st.integers(0, 100), st.integers(0, 10**6))
def test_an_age_is_at_least_what_was_told_plus_all_the_time_since_it_was_asked_for(
    told: int, date: str, delay: int, resident: int
) -> None:
    answer = video(("Age", str(told)), ("Date", date))
    assert age(answer, Times(NOW - delay, NOW), NOW + resident) >= told + delay + resident


def test_a_304_renews_what_is_stored_but_not_what_describes_its_body() -> None:
    stored = head(
        200,
        ("Content-Type", "video/mp4"),
        ("content-length", "9"),
        ("ETag", '"a"'),
        ("Cache-Control", "max-age=1"),
        ("Cache-Control", "public"),
        ("Age", "50"),
        ("Date", at(-60)),
        ("X-Kept", "1"),
    )
    answer = head(
        304,
        ("content-type", "text/html"),
        ("Content-Length", "0"),
        ("Content-Encoding", "gzip"),
        ("Content-Range", "bytes 0-0/1"),
        ("CACHE-CONTROL", "max-age=9"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
        ("Date", at(0)),
        ("X-New", "1"),
        ("X-New", "2"),
    )
    assert refreshed(stored, answer) == head(
        200,
        ("Content-Type", "video/mp4"),
        ("content-length", "9"),
        ("ETag", '"a"'),
        ("X-Kept", "1"),
        ("CACHE-CONTROL", "max-age=9"),
        ("Date", at(0)),
        ("X-New", "1"),
        ("X-New", "2"),
    )


def test_an_answer_that_was_old_is_new_when_a_304_without_date_and_age_has_confirmed_it() -> None:
    stored = video(FRESH, ("Age", "50"), ("Date", at(-60)))
    assert age(refreshed(stored, head(304)), AT_ONCE, NOW) == 0


def test_a_304_can_forbid_to_keep_what_is_stored() -> None:
    stored = video(FRESH, TAGGED)
    assert storable(stored)
    for forbidding in (("Cache-Control", "no-store"), ("Set-Cookie", "a=b"), ("Vary", "*")):
        assert not storable(refreshed(stored, head(304, forbidding)))


@given(awkward_heads, awkward_heads)
def test_a_renewed_head_keeps_its_status_and_its_length_and_is_renewed_only_once(stored: Head, answer: Head) -> None:
    renewed = refreshed(stored, answer)
    assert (renewed.status, renewed.length) == (stored.status, stored.length)
    assert refreshed(renewed, answer) == renewed
    for name in ("Content-Type", "Content-Encoding", "Content-Range", "Transfer-Encoding", "Content-Length"):
        assert renewed.get(name) == stored.get(name)


@given(awkward_heads)
def test_what_may_be_kept_may_be_shared(answer: Head) -> None:
    assert shareable(answer) or not storable(answer)
