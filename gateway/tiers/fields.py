"""What a node means, by the type that a policy's field is annotated with."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable

from gateway.policy import Positive, Seconds, duration
from gateway.tiers.document import Mapping, Node, Scalar, Sequence

LARGEST = 10**12
_WHOLE = re.compile(r"[1-9][0-9]*")
_YES_NO = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false"})

Read = Callable[[Node], object]


def boolean(node: Node) -> bool:
    """``true`` or ``false``, plain; YAML 1.1's other words for them are errors."""
    if isinstance(node, Scalar) and not node.quoted and node.text in {"true", "false"}:
        return node.text == "true"
    if isinstance(node, Scalar) and node.text.lower() in _YES_NO:
        raise node.error(f"{_shown(node)} is not read as yes or no; write true or false, without quotes")
    raise node.error(f"{_shown(node)} is neither true nor false; write true or false")


def positive(node: Node) -> Positive:
    """A whole number from 1 to `LARGEST`, in plain decimal digits."""
    if isinstance(node, Scalar) and not node.quoted and _WHOLE.fullmatch(node.text):
        if len(node.text) > len(str(LARGEST)) or int(node.text) > LARGEST:
            raise node.error(f"{node.text[:20]} is too large; the largest is {LARGEST}")
        return Positive(int(node.text))
    raise node.error(f"{_shown(node)} is not a whole number above zero; write it in plain digits, such as 10")


def seconds(node: Node) -> Seconds:
    """A duration with its unit."""
    try:
        return duration(text(node))
    except ValueError as error:
        raise node.error(str(error)) from error


def text(node: Node) -> str:
    """A scalar as it stands."""
    if not isinstance(node, Scalar):
        raise node.error(f"{_shown(node)} stands where one plain value is wanted")
    return node.text


def reader(annotation: object) -> Read:
    """How a field of this type is read; raise `TypeError` for a type that is not."""
    plain: dict[object, Read] = {bool: boolean, Positive: positive, Seconds: seconds, str: text}
    if annotation in plain:
        return plain[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return lambda node: _one_of(node, [str(choice) for choice in arguments])
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        each = reader(arguments[0])
        return lambda node: _list(node, each)
    if origin in {types.UnionType, typing.Union} and len(arguments) == 2 and arguments[1] is types.NoneType:
        return reader(arguments[0])
    raise TypeError(f"{annotation} cannot be read from tiers.yaml; use bool, Positive, Seconds, str, Literal or tuple")


def read_fields(node: Mapping, cls: type, skipping: Iterable[str] = ()) -> dict[str, object]:
    """The values of a dataclass's fields from a mapping in its long form; raise `ConfigError` for the first that is
    unknown, missing or of the wrong type."""
    annotations = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    given: dict[str, object] = {}
    for key, value in node.entries:
        if key.text in skipping:
            continue
        if key.text not in fields:
            raise key.error(f"unknown field {key.text}; {nearest(key.text, [*fields, *skipping])}")
        given[key.text] = reader(annotations[key.text])(value)
    for name, field in fields.items():
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if name not in given and not optional:
            raise node.error(f"the field {name} is missing; its fields are {', '.join(fields)}")
    return given


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean X?``, or all there is to choose from."""
    known = list(known)
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _one_of(node: Node, choices: list[str]) -> str:
    chosen = text(node)
    if chosen not in choices:
        raise node.error(f"{_shown(node)} is not one of {', '.join(choices)}")
    return chosen


def _list(node: Node, each: Read) -> tuple[object, ...]:
    if not isinstance(node, Sequence):
        raise node.error(f"{_shown(node)} stands where a list is wanted; write [one, two]")
    return tuple(each(item) for item in node.items)


def _shown(node: Node) -> str:
    if isinstance(node, Scalar):
        quote = '"' if node.quoted else ""
        return f"{quote}{node.text[:40]}{quote}" if node.text or node.quoted else "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping"
