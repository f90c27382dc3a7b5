"""A file's bytes, read as plain YAML into a tree of nodes.

PyYAML finds the structure; what a scalar means is for `gateway.tiers.values` to say, so that ``on``, ``1:30`` and
``017`` never become what YAML 1.1 makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from gateway.tiers.errors import ConfigError, Findings
from gateway.tiers.nodes import Mapping, Node, Scalar, Sequence

LARGEST = 1024 * 1024
DEEPEST = 20
_NO_COLON = "could not find expected ':'"


def parse(content: bytes, findings: Findings) -> Mapping:
    """Read a file's content. Keys that stand twice go to the findings, and the first of them holds; raise `ConfigError`
    for the first thing after which nothing can be read: it is too large, not text, or not plain YAML."""
    text = _text(content)
    try:
        top = _document(_Events(yaml.parse(text, yaml.SafeLoader)), findings)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from error
    except yaml.reader.ReaderError as error:
        place = _position(text, error.position)
        raise ConfigError(*place, "YAML does not allow this control character; take it out") from error
    if not isinstance(top, Mapping):
        raise top.error(f"the file holds {top.shown}; it must be a mapping, with origins: and tiers: in it")
    return top


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise ConfigError(1, 1, f"the file has {len(content)} bytes; the most that is read is {LARGEST}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _position(content[: error.start].decode("utf-8"), error.start)
        raise ConfigError(*place, "this is not UTF-8 text; save the file as UTF-8") from error


def _position(text: str, end: int) -> tuple[int, int]:
    before = text[:end]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _syntax_error(error: yaml.MarkedYAMLError) -> ConfigError:
    problem = str(error.problem or error.context)
    begun = error.context_mark if problem == _NO_COLON else None  # it is missed only on a later line
    mark = begun or error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if "'\\t'" in problem:
        return ConfigError(line, column, "here is a tab; write spaces")
    return ConfigError(line, column, f"this is not YAML: {problem}; look at the indentation, quotes and brackets here")


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
            raise _at(event, f"the tag {tag[:40]} is not read; write the plain value")
        self._documents += isinstance(event, yaml.DocumentStartEvent)
        if self._documents > 1:
            raise _at(event, "a second document begins here; the file holds one")
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > DEEPEST:
            raise _at(event, f"this is nested more than {DEEPEST} deep; no option is")


def _at(event: yaml.Event, what: str) -> ConfigError:
    return ConfigError(*_place(event), what)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _document(events: _Events, findings: Findings) -> Node:
    """The one document's node."""
    event = next(events)
    while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
        event = next(events)
    if isinstance(event, yaml.StreamEndEvent):
        raise ConfigError(1, 1, "the file is empty; it must name at least one tier, under tiers:")
    top = _Builder(events, findings).node(event)
    while not isinstance(event, yaml.StreamEndEvent):
        event = next(events)
    return top


class _Builder:
    """Makes nodes of events."""

    def __init__(self, events: _Events, findings: Findings) -> None:
        self._events = events
        self._findings = findings

    def node(self, event: yaml.Event) -> Node:
        """The node that begins with this event."""
        line, column = _place(event)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(line, column, event.value, quoted=event.style is not None)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line, column, tuple(self._items()))
        return Mapping(line, column, tuple(self._entries().values()))

    def _items(self) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self.node(event)

    def _entries(self) -> dict[str, tuple[Scalar, Node]]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            value = self.node(next(self._events))
            first, _ = entries.setdefault(key.text, (key, value))
            if first is not key:
                self._findings.add(key.error(f"{key.shown} stands twice, first in line {first.line}; keep one"))
        return entries

    def _key(self, event: yaml.Event) -> Scalar:
        key = self.node(event)
        if not isinstance(key, Scalar) or key.is_nothing:
            raise key.error(f"a key cannot be {key.shown}; write one plain word")
        if key.text == "<<":
            raise key.error("merge keys are not read; let one tier build on another with extends:")
        return key
