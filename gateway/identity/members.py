"""A JSON object from outside, read strictly."""

from __future__ import annotations

import json


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice; keep one")
    return members


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def parse_members(raw: bytes) -> dict[str, object]:
    """The members of a JSON object in UTF-8 (RFC 8259); raise `ValueError` for anything else, and for what the json
    module lets pass: a member that stands twice, of which it keeps the last, NaN and Infinity."""
    try:
        told = _STRICT.decode(raw.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(told, dict):
        raise ValueError("it must be a JSON object")  # noqa: TRY004 - one kind of error for all that is not one
    return told
