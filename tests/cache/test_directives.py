"""What is read from Cache-Control."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.directives import LONGEST, Directives
from gateway.origins.head import Head
from tests.cache.heads import awkward_heads, head


def told(*lines: str) -> dict[str, object]:
    """What was said, without what was not."""
    found = Directives.of(head(200, *(("cache-Control", line) for line in lines)))
    values = {name: getattr(found, name) for name in Directives.__slots__}
    return {name: value for name, value in values.items() if value is not False and value is not None}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), {}),
        (("",), {}),
        (("max-age=60",), {"max_age": 60}),
        (("Max-Age=60, PUBLIC",), {"max_age": 60}),
        (("public", "max-age=60"), {"max_age": 60}),
        (('max-age="60"',), {"max_age": 60}),
        (('max-age="6\\0"',), {"max_age": 60}),
        (("max-age=0060",), {"max_age": 60}),
        (("max-age=2147483648",), {"max_age": LONGEST}),
        (("max-age=99999999999999999999",), {"max_age": LONGEST}),
        (("max-age=" + "9" * 5000,), {"max_age": LONGEST}),
        (("max-age=" + "0" * 5000 + "7",), {"max_age": 7}),
        (("max-age=-1",), {"max_age": 0}),
        (("max-age=1.5",), {"max_age": 0}),
        (("max-age=1e3",), {"max_age": 0}),
        (("max-age=\xb2",), {"max_age": 0}),
        (("max-age",), {"max_age": 0}),
        (("max-age=",), {"max_age": 0}),
        (("max-age = 60",), {"max_age": 0}),
        (("max-age=60, max-age=10",), {"max_age": 10}),
        (("max-age=10", "max-age=60"), {"max_age": 10}),
        (("max-age=60, max-age=x",), {"max_age": 0}),
        (("s-maxage=5",), {"s_maxage": 5, "must_revalidate": True}),
        (("must-revalidate",), {"must_revalidate": True}),
        (("proxy-revalidate",), {"must_revalidate": True}),
        (("immutable, stale-if-error=9",), {"stale_if_error": 9}),
        (('private="x-account"',), {"private": True}),
        (('no-cache="set-cookie, x"',), {"no_cache": True}),
        (("no-store=x",), {"no_store": True}),
        (("private, public",), {"private": True}),
        (("no-store; max-age=60",), {"no_store": True, "max_age": 60}),
        (("max-age=60 no-store",), {"no_store": True, "max_age": 60}),
        (("@@@,,, no-store",), {"no_store": True}),
        (("x-no-store, no-storex",), {}),
        (('x="a, no-store"',), {}),
        (('x="a\\", no-store"',), {}),
        (('x="a, no-store',), {"no_store": True}),
        (('x="a', 'no-store, y="b"'), {"no_store": True}),
    ],
)
def test_what_is_said_is_read_and_a_mistake_is_read_strictly(lines: tuple[str, ...], found: dict[str, object]) -> None:
    assert told(*lines) == found


@given(awkward_heads)
def test_no_head_makes_it_fail_and_no_time_is_out_of_bounds(answer: Head) -> None:
    found = Directives.of(answer)
    for seconds in (found.max_age, found.s_maxage, found.stale_if_error):
        assert seconds is None or 0 <= seconds <= LONGEST


@given(
    st.text(st.characters(exclude_characters='"\\'), max_size=40), st.sampled_from(("no-store", "private", "no-cache"))
)
def test_a_restriction_after_anything_unquoted_and_a_comma_is_seen(before: str, restriction: str) -> None:
    assert told(f"{before},{restriction}")[restriction.replace("-", "_")] is True


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=5), st.randoms())
def test_the_stricter_of_several_holds_in_any_order(ages: list[int], random: Random) -> None:
    random.shuffle(ages)
    assert told(",".join(f"max-age={age}" for age in ages)) == {"max_age": min(*ages, LONGEST)}
