"""The fields of a policy, read by their annotations."""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Protocol, cast

from gateway.tiers.errors import Findings
from gateway.tiers.nodes import Mapping, Node, Scalar, Sequence
from gateway.tiers.values import boolean, measure, one_of, positive, seconds, text
from gateway.units import Positive, Seconds

Read = Callable[[Node], object]
MOST_ITEMS = 1000


class Parsed(Protocol):
    """A type that reads itself from text; see `gateway.units`."""

    @classmethod
    def parse(cls, text: str, /) -> object:
        """Raise `ValueError` with what would be right."""


_SCALARS: dict[object, Read] = {bool: boolean, Positive: positive, Seconds: seconds, str: text}


def reader(annotation: object) -> Read:
    """How a field of this type is read; raise `TypeError` for a type that is not."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal and all(isinstance(choice, str) for choice in arguments):
        return lambda node: one_of(node, arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        each = reader(arguments[0])
        return lambda node: _list(node, each)
    if origin is collections.abc.Mapping:
        read_key, read_value = reader(arguments[0]), reader(arguments[1])
        return lambda node: _mapping(node, read_key, read_value)
    if isinstance(annotation, type) and hasattr(annotation, "parse"):
        parsed = cast("type[Parsed]", annotation)
        return lambda node: _parsed(node, parsed)
    if origin in {types.UnionType, typing.Union} and len(arguments) == 2 and types.NoneType in arguments:
        return reader(next(argument for argument in arguments if argument is not types.NoneType))
    known = (
        "bool, Positive, Seconds, str, Literal of strings, a class with a classmethod parse, tuple[X, ...],"
        " Mapping[X, Y] or X | None"
    )
    raise TypeError(f"{annotation} cannot be read from tiers.yaml; use {known}")


def options(cls: type) -> dict[str, dataclasses.Field[object]]:
    """The fields of a dataclass that its maker gives, by name, in order."""
    return {field.name: field for field in dataclasses.fields(cls) if field.init}


def required(cls: type) -> list[str]:
    """The names of the fields that have no default."""
    missing = dataclasses.MISSING
    return [name for name, it in options(cls).items() if it.default is missing and it.default_factory is missing]


def read_field(node: Node, cls: type, name: str) -> object:
    """The value of one field; raise `ConfigError` if it is of the wrong type."""
    return reader(typing.get_type_hints(cls)[name])(node)


def read_fields(node: Mapping, cls: type, skipping: Iterable[str] = ()) -> dict[str, object]:
    """The values of a dataclass's fields from a mapping in its long form; raise `ConfigErrors` for all that are
    unknown, missing or of the wrong type."""
    findings, given, known = Findings(), dict[str, object](), options(cls)
    for key, value in node.entries:
        if key.text in skipping:
            continue
        with findings.collecting():
            if key.text not in known:
                raise key.error(f"unknown field {key.shown}; {nearest(key.text, [*known, *skipping])}")
            given[key.text] = read_field(value, cls, key.text)
    _require(node, cls, findings)
    findings.settle()
    return given


def _require(node: Mapping, cls: type, findings: Findings) -> None:
    for name in required(cls):
        if node.get(name) is None:
            findings.add(node.error(f"the field {name} is missing; its fields are {', '.join(options(cls))}"))


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean X?``, or all there is to choose from."""
    known = list(known)
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _list(node: Node, each: Read) -> tuple[object, ...]:
    """A list, of which each item stands once; one of one item may be written as that item."""
    if isinstance(node, Mapping) or (isinstance(node, Scalar) and node.is_nothing):
        raise node.error(f"{node.shown} stands where a list is wanted; write [one, two]")
    if not isinstance(node, Sequence):
        return (each(node),)
    if not node.items:
        raise node.error("the list is empty; name something, or take the line out")
    if len(node.items) > MOST_ITEMS:
        raise node.error(f"the list has {len(node.items)} items; the most is {MOST_ITEMS}")
    findings, read = Findings(), list[object]()
    for item in node.items:
        with findings.collecting():
            value = each(item)
            if value in read:
                raise item.error(f"{item.shown} stands twice in the list; keep one")
            read.append(value)
    findings.settle()
    return tuple(read)


def _mapping(node: Node, read_key: Read, read_value: Read) -> collections.abc.Mapping[object, object]:
    if not isinstance(node, Mapping):
        raise node.error(f"{node.shown} stands where a mapping is wanted; write {{name: value}}")
    findings, read = Findings(), dict[object, object]()
    for key, value in node.entries:
        with findings.collecting():
            name = read_key(key)
            if name in read:
                raise key.error(f"{key.shown} stands twice, in other words; keep one")
            read[name] = read_value(value)
    findings.settle()
    return MappingProxyType(read)


def _parsed(node: Node, parsed: type[Parsed]) -> object:
    try:
        return parsed.parse(measure(node))
    except ValueError as error:
        raise node.error(str(error)) from error
