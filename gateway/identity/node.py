"""``keys.yaml`` as YAML nodes that know their places, in which every scalar is text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import yaml

# libyaml reads ten thousand keys in a tenth of the time, and a running gateway waits for it. Not every build has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 8


class _Mark(Protocol):
    """A place as PyYAML and libyaml both tell it, counted from 0."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class KeyFileError(ValueError):
    """``keys.yaml`` cannot be used, or a change to it makes no sense; the message says what would be right."""


def read(text: str) -> yaml.Node | None:
    """The one document's top node, None in an empty file; raise `KeyFileError` with the place for what is not plain
    YAML: it must have no anchors, tags or needless depth."""
    try:
        _require_plain(text)
        return yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _error_at(error.problem_mark or error.context_mark, f"this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise _error_at(None, "this is not YAML: it holds a control character") from error


def _require_plain(text: str) -> None:
    # Composing recurses, and in C it overruns the stack where Python would raise; events come one by one.
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _error_at(event.start_mark, "this is nested too deeply; look at the indentation and brackets here")
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise _error_at(event.start_mark, "anchors, aliases and tags are not read; write the plain value")


def _error_at(mark: _Mark | None, what: str) -> KeyFileError:
    place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    return KeyFileError(f"{place}: {what}")


def wrong(node: yaml.Node, what: str) -> KeyFileError:
    """An error at a node: ``LINE:COLUMN: what``, counted from 1."""
    return _error_at(node.start_mark, what)


def entries(node: yaml.Node, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """A mapping's keys and values by the key's text; ``what`` is told of anything else. A key that stands twice is
    refused (PyYAML silently keeps the last)."""
    if not isinstance(node, yaml.MappingNode):
        raise wrong(node, what)
    told: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        name = scalar(key, what)
        if name in told:
            raise wrong(key, f"{name} stands twice; keep one")
        told[name] = key, value
    return told


def fields(node: yaml.Node, required: Collection[str], optional: Collection[str], what: str) -> dict[str, yaml.Node]:
    """The values of a mapping that has all required fields, and none beside the optional ones."""
    told = entries(node, what)
    unknown = next((key for name, (key, _) in told.items() if name not in {*required, *optional}), None)
    if unknown is not None:
        raise wrong(unknown, f"{unknown.value} is not known here; {what}")
    missing = next((name for name in required if name not in told), None)
    if missing:
        raise wrong(node, f"{missing} is missing; {what}")
    return {name: value for name, (_, value) in told.items()}


def items(node: yaml.Node, what: str) -> list[yaml.Node]:
    """A list's nodes."""
    if not isinstance(node, yaml.SequenceNode):
        raise wrong(node, what)
    return list(node.value)


def scalar(node: yaml.Node, what: str) -> str:
    """A scalar's text, whatever YAML would make of it."""
    if not isinstance(node, yaml.ScalarNode):
        raise wrong(node, what)
    return str(node.value)
