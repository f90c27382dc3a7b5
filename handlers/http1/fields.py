"""Header fields, as Tornado's handlers know them, that are checked all at once instead of one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Self, TypeVar, overload

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

    @classmethod
    def beginning(cls, lines: Mapping[str, Sequence[str]]) -> Self:
        """Fields that begin with these, whose names are written as they are filed."""
        fields = cls(())
        fields._as_list = {name: [*values] for name, values in lines.items()}
        return fields

    def extend(self, given: Iterable[tuple[str, str]]) -> None:
        """Add lines."""
        lines = self._as_list
        for name, value in given:
            lines.setdefault(_usual_case(name), []).append(value)
        self._combined_cache.clear()

    def __setitem__(self, name: str, value: str) -> None:
        known = _usual_case(name)
        self._as_list[known] = [value]
        self._combined_cache.pop(known, None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _usual_case(name) in self._as_list

    @property
    def lines(self) -> int:
        """How many there are."""
        return sum([len(values) for values in self._as_list.values()])

    @property
    def text(self) -> str:
        """All lines, each after a line break."""
        return "".join([f"\r\n{name}: {value}" for name, values in self._as_list.items() for value in values])

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
