"""Header fields, as Tornado's handlers know them, that are checked all at once instead of one by one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar, overload

from tornado.httputil import HTTPHeaders

T = TypeVar("T")

_LONGEST_REMEMBERED = 64
"""Characters of a field's name; a thousand names as long as a head may be would be many megabytes, for ever."""


class Fields(HTTPHeaders):
    """Those of a request have been checked by `read_head`; those of an answer are by `Exchange`, as it writes them."""

    def __init__(self, given: Iterable[tuple[str, str]]) -> None:
        lines: dict[str, list[str]] = {}
        for name, value in given:
            lines.setdefault(_usual_case(name), []).append(value)
        self._as_list = lines
        self._combined_cache: dict[str, str] = {}

    def add(self, name: str, value: str, *, _chars_are_bytes: bool = True) -> None:
        """Add a line to a field."""
        known = _usual_case(name)
        self._as_list.setdefault(known, []).append(value)
        self._combined_cache.pop(known, None)

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...
    def get(self, name: str, default: object = None) -> object:
        """A field's value, its lines joined by commas; not by way of `KeyError`, as a mapping of Tornado's."""
        lines = self._as_list.get(_usual_case(name))
        return default if lines is None else lines[0] if len(lines) == 1 else ",".join(lines)


def _usual_case(name: str) -> str:
    """A field's name as Tornado files it."""
    return _remembered(name) if len(name) <= _LONGEST_REMEMBERED else _capitalised(name)


def _capitalised(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


_remembered = lru_cache(1000)(_capitalised)
