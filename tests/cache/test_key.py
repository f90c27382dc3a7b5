"""The names under which answers are kept."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.cache.key import key_of

pairs = st.tuples(st.text(max_size=8), st.text(max_size=8))


@given(pairs, pairs)
@example(("https://a/", "b"), ("https://a/b", ""))
@example(("1:x", ""), ("1", ":x"))
def test_two_pairs_have_one_name_only_if_they_are_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (key_of(*one) == key_of(*other)) is (one == other)


def test_a_name_can_be_that_of_a_file_and_is_the_same_in_every_worker() -> None:
    assert re.fullmatch("[0-9a-f]{64}", key_of("https://a/../\0", "bytes=0-"))
    assert key_of("https://a/", "") == "c67d50eb78b76ac8e8f6242dae656e3463519d30b97d30c6f1a4867841ecbf11"


@given(st.text(st.characters(), max_size=20))
def test_any_text_has_a_name(text: str) -> None:
    assert key_of(text, text)
