"""JSON that is read with its places: what the json module reads is read alike, and nothing else is."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manifests.json_text import DEEPEST, LARGEST, MOST, NotJsonError, Value, read

TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
SYNTAX = st.text('{}[]:,"\\u0041d8\n\t e-+.truefalsn', max_size=24)


def plain(value: Value, source: str) -> object:
    if value.members is not None:
        return {key.text: plain(held, source) for key, held in value.members}
    if value.items is not None:
        return [plain(held, source) for held in value.items]
    return value.text if value.text is not None else json.loads(source[value.start : value.end])


@given(tree=TREE, indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_whatever_json_writes_is_read_as_json_reads_it(tree: object, indent: int | None, *, ascii_only: bool) -> None:
    source = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    value = read(f" \n{source}\t")
    assert plain(value, f" \n{source}\t") == tree
    assert (value.start, value.end) == (2, 2 + len(source))


@given(SYNTAX)
def test_what_is_no_json_is_none_here(source: str) -> None:
    expected: object = NotJsonError
    with suppress(ValueError):
        expected = json.loads(source, parse_constant=lambda _: 1 / 0)
    try:
        told: object = plain(read(source), source)
    except NotJsonError:
        told = NotJsonError
    assert told == expected


def test_a_place_is_that_of_the_value_with_its_quotes() -> None:
    source = '\ufeff{"a" : [ 1, "\\u00e9\\/" ] }'
    (key, value), *_ = read(source).members or ()
    assert (source[key.start : key.end], source[value.start : value.end]) == ('"a"', '[ 1, "\\u00e9\\/" ]')
    assert [item.text for item in value.items or ()] == [None, "é/"]


def test_half_a_character_is_read_as_players_read_it() -> None:
    assert read('"\\ud800/\\ude00\\ud83d\\ude00"').text == "\ufffd/\ufffd\U0001f600"


@pytest.mark.parametrize(
    "source",
    [
        "[" * LARGEST,
        '{"a":' * (LARGEST // 5),
        "[" + "0," * (LARGEST // 2) + "0]",
        "[],".join("" for _ in range(LARGEST // 3)),
        '"' + "\\" * LARGEST,
        '"' + "\\u" * LARGEST,
        " " * LARGEST,
        "1" * LARGEST + "x",
        "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "[" + "0," * MOST + "0]",
    ],
    ids=range(10),
)
def test_hostile_json_is_refused_in_linear_time(source: str) -> None:
    # In quadratic time this would take hours, and by recursion it would end the process.
    with pytest.raises(NotJsonError):
        read(source)


def test_as_much_as_players_need_is_read() -> None:
    assert read("[" * DEEPEST + "]" * DEEPEST)
    assert read("[" + ",".join("0" * 1 for _ in range(MOST - 2)) + "]")
