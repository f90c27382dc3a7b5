"""A stored answer is given out for as long as it is known to be fresh."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.cache.entry import Entry
from gateway.cache.freshness import Times
from tests.cache.heads import NOW, head

ENTRY = Entry(head(200, ("Cache-Control", "max-age=60, stale-if-error=60")), Times(NOW - 1, NOW), None, "body", 4)


@pytest.mark.parametrize(("now", "fresh"), [(0, True), (58, True), (60, False), (-0.5, False), (-3600, False)])
def test_a_clock_that_was_set_back_makes_nothing_fresh(now: float, *, fresh: bool) -> None:
    assert (ENTRY.freshness(NOW + now) > 0) is fresh


def test_what_may_be_in_the_future_is_not_given_out_in_need_either() -> None:
    assert ENTRY.serves_in_need(NOW + 100)
    assert not ENTRY.serves_in_need(NOW - 100)


def test_an_entry_is_read_as_it_was_written() -> None:
    for entry in (ENTRY, replace(ENTRY, most=0.5)):
        assert Entry.read(entry.written()) == entry


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"format": 2}', b"\xff"])
def test_what_is_no_entry_is_not_read(content: bytes) -> None:
    assert Entry.read(content) is None
