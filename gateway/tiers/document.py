"""YAML as a tree of nodes that know their places, in which every scalar is still text.

PyYAML finds the structure; what a scalar means is for `gateway.tiers.fields` to say, so that ``on``, ``1:30`` and
``017`` never become what YAML 1.1 makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

LARGEST = 1024 * 1024
DEEPEST = 20


class ConfigError(Exception):
    """What is wrong at one place of a file, and what would be right. Lines and columns count from 1."""

    def __init__(self, line: int, column: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.column = column
        self.what = what

    def told(self, name: str) -> str:
        """``NAME:LINE:COLUMN: what``."""
        return f"{name}:{self.line}:{self.column}: {self.what}"


class ConfigErrors(Exception):  # noqa: N818 - it is several errors
    """All that is wrong with a file, in the file's order."""

    def __init__(self, errors: list[ConfigError]) -> None:
        told = {(error.line, error.column, error.what): error for error in errors}
        self.errors = tuple(told[place] for place in sorted(told))
        super().__init__("; ".join(error.told("line") for error in self.errors))

    def lines(self, name: str) -> list[str]:
        """One line for each error."""
        return [error.told(name) for error in self.errors]


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node begins; lines and columns count from 1."""

    line: int
    column: int

    def error(self, what: str) -> ConfigError:
        """An error at this place."""
        return ConfigError(self.line, self.column, what)


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """Text; ``quoted`` if it stood in quotes or in a block."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """A list of nodes."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping(Node):
    """Keys with their values, in order; each key stands once."""

    entries: tuple[tuple[Scalar, Node], ...]

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for key, value in self.entries if key.text == name), None)


def parse(content: bytes) -> Mapping:
    """Read a file's content; raise `ConfigErrors` for the first thing that is not plain YAML."""
    try:
        return _parse(_text(content))
    except ConfigError as error:
        raise ConfigErrors([error]) from error


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise ConfigError(1, 1, f"the file has {len(content)} bytes; the most that is read is {LARGEST}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ConfigError(line, column, "this is not UTF-8 text; save the file as UTF-8") from error


def _parse(text: str) -> Mapping:
    try:
        top = _build(_Events(yaml.parse(text, yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from error
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        raise ConfigError(line, column, "a character that YAML does not allow; write plain text") from error
    if not isinstance(top, Mapping):
        raise top.error("the file must be a mapping, with origins: and tiers: in it")
    return top


def _syntax_error(error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = str(error.problem or error.context)
    if "'\\t'" in problem:
        problem = "a tab; indent with spaces"
    return ConfigError(line, column, f"this is not YAML: {problem}")


class _Events:
    """A parser's events, with those refused that the language does not have."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._depth = 0
        self._documents = 0

    def __next__(self) -> yaml.Event:
        event = next(self._events)
        self._judge(event)
        return event

    def _judge(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _at(event, "anchors and aliases are not read; let one tier build on another with extends:")
        if tag := getattr(event, "tag", None):
            raise _at(event, f"the tag {tag} is not read; write the plain value")
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _at(event, "a second document begins here; the file holds one")
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > DEEPEST:
            raise _at(event, f"this is nested more than {DEEPEST} deep")


def _at(event: yaml.Event, what: str) -> ConfigError:
    return ConfigError(*_place(event), what)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _build(events: _Events) -> Node:
    """The one document's node."""
    event = next(events)
    while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
        event = next(events)
    if isinstance(event, yaml.StreamEndEvent):
        raise ConfigError(1, 1, "the file is empty; it must name at least one tier, under tiers:")
    top = _node(event, events)
    while not isinstance(event, yaml.StreamEndEvent):
        event = next(events)
    return top


def _node(event: yaml.Event, events: _Events) -> Node:
    line, column = _place(event)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(line, column, event.value, quoted=event.style is not None)
    if isinstance(event, yaml.SequenceStartEvent):
        return Sequence(line, column, tuple(_items(events)))
    return Mapping(line, column, tuple(_entries(events)))


def _items(events: _Events) -> Iterator[Node]:
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _node(event, events)


def _entries(events: _Events) -> Iterator[tuple[Scalar, Node]]:
    seen: dict[str, int] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events)
        if not isinstance(key, Scalar):
            raise key.error("a key must be a plain word")
        if key.text == "<<":
            raise key.error("merge keys are not read; let one tier build on another with extends:")
        if key.text in seen:
            raise key.error(f"{key.text} stands twice, first in line {seen[key.text]}; keep one")
        seen[key.text] = key.line
        yield key, _node(next(events), events)
