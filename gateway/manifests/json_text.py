"""JSON (RFC 8259) whose strings can be replaced in place: a reader that knows where each value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LARGEST = 1024 * 1024
"""Bytes of the largest JSON that is read."""

DEEPEST = 100
"""Objects and arrays inside one another; what players read has about six, and what extends it a few more."""

MOST = 50_000
"""Values in one document."""

_BLANK = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")


class NotJsonError(Exception):
    """The text is no JSON, or more of it than is read."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value at ``start`` to ``end``. ``text`` is a string's, in which what is no Unicode became U+FFFD, as players
    read it; ``members`` are an object's, each with its name, as often as it stands there; ``items`` an array's;
    ``word`` is a number, or a truth."""

    start: int
    end: int
    text: str | None = None
    members: Sequence[tuple[Value, Value]] | None = None
    items: Sequence[Value] | None = None
    word: str = ""

    def named(self, name: str) -> Iterator[Value]:
        """The members with a name; players take the last of several."""
        return (value for key, value in self.members or () if key.text == name)

    @property
    def said(self) -> str:
        """What JavaScript makes of it where it wants a string: of an array what its items are, with commas between, so
        that one of one address is that address. Empty for what is no address in any case."""
        return self.text or self.word or ",".join(item.said for item in self.items or ())

    @property
    def is_object(self) -> bool:
        return self.members is not None


@dataclass(frozen=True, slots=True)
class Change:
    """Characters ``start`` to ``end``, and what takes their place."""

    start: int
    end: int
    replacement: str


def replaced(text: str, changes: Sequence[Change]) -> str:
    """The text after changes that do not overlap."""
    parts, done = [], 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        parts += [text[done : change.start], change.replacement]
        done = change.end
    return "".join([*parts, text[done:]])


def quoted(text: str) -> str:
    """A string as JSON writes it, in ASCII."""
    return json.dumps(text)


def read(text: str) -> Value:
    """The one value of a document; raise `NotJsonError`."""
    reader = _Reader(text, len(text) - len(text.removeprefix("\ufeff")))
    value = reader.value(DEEPEST)
    if reader.at != len(text):
        raise NotJsonError
    return value


@dataclass
class _Reader:
    """Reads values one after the other; ``at`` is never before blanks."""

    source: str
    at: int
    left: int = field(default=MOST)

    def __post_init__(self) -> None:
        self._move(self.at)

    def value(self, depth: int) -> Value:
        """The value that begins here, with no more than ``depth`` layers."""
        self.left -= 1
        begins = self.source[self.at : self.at + 1]
        if not self.left or not depth or not begins:
            raise NotJsonError
        if begins == "{":
            return self._object(depth)
        if begins == "[":
            return self._array(depth)
        return self._string() if begins == '"' else self._plain()

    def _object(self, depth: int) -> Value:
        start, members = self.at, []
        for _ in self._each("}"):
            key = self._string()
            if not self._took(":"):
                raise NotJsonError
            members.append((key, self.value(depth - 1)))
        return Value(start, self._ended, members=members)

    def _array(self, depth: int) -> Value:
        start, items = self.at, []
        for _ in self._each("]"):
            items.append(self.value(depth - 1))
        return Value(start, self._ended, items=items)

    def _each(self, close: str) -> Iterator[None]:
        """Once for each of what stands between the bracket here and the one that closes it, with commas between."""
        self._move(self.at + 1)
        if not self._took(close):
            yield
            while self._took(","):
                yield
            if not self._took(close):
                raise NotJsonError

    def _string(self) -> Value:
        found = _STRING.match(self.source, self.at)
        if not found:
            raise NotJsonError
        text: str = json.loads(found[0])
        self._move(found.end())
        return Value(found.start(), found.end(), text=_unicode(text))

    def _plain(self) -> Value:
        found = _PLAIN.match(self.source, self.at)
        if not found:
            raise NotJsonError
        self._move(found.end())
        return Value(found.start(), found.end(), word=found[0].removeprefix("null").removeprefix("false"))

    def _took(self, mark: str) -> bool:
        if not self.source.startswith(mark, self.at):
            return False
        self._move(self.at + 1)
        return True

    def _move(self, to: int) -> None:
        self._ended = to
        blank = _BLANK.match(self.source, to)
        self.at = blank.end() if blank else to


def _unicode(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
