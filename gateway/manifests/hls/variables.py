"""Variables of HLS playlists (draft-pantos-hls-rfc8216bis, section 4.3): defined by value, by import, and by query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from gateway.manifests.asking import SESSION_FIELD
from gateway.manifests.link import MalformedManifest

MARK = "{$"
"""What a reference to a variable begins with."""

MOST_SUBSTITUTED = 32 * 1024 * 1024
"""Characters that the variables of one playlist may stand for: a few lines of definitions can double without end."""

_REFERENCE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")
_UNWRITABLE = re.compile(r'["\x00-\x1f\x7f\ud800-\udfff]|\{\$')

_BLANK = r"(?:[^\S\r\n]|\ufeff)*+"
_QUERYPARAM = re.compile(rf'(QUERYPARAM{_BLANK}={_BLANK}"?)([^",\r\n\u2028\u2029]*)')
"""One wherever it stands: hls.js finds tags in the middle of a line, and strips what JavaScript calls white space."""

_NO_FIELD = "-"

_ANY = "-"  # something, for a path's segment that is nothing leads to its beginning


class UndefinedError(Exception):
    """A variable that the playlist does not define."""


class Shaped(str):
    """A variable's value in which there is what the player's own query says, which no origin and no grant stands for.
    ``fixed`` is the same value with `_ANY` in its place: what a reference is that the query does not shape."""

    __slots__ = ("fixed",)
    fixed: str

    def __new__(cls, value: str, fixed: str = _ANY) -> Self:
        """One that is all the query's, if it is not told what is fixed."""
        shaped = super().__new__(cls, value)
        shaped.fixed = fixed
        return shaped


@dataclass
class Variables:
    """``imported`` are those of the multivariant playlist, ``parameters`` the fields of the query that the playlist's
    own URL has, ``seen`` those of the address that its player sees; ``values`` what has been defined so far. What is
    `Shaped` stays so in all that is defined by it."""

    imported: Mapping[str, str]
    parameters: Mapping[str, str]
    seen: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict)
    _substituted: int = 0

    def define(self, attributes: Mapping[str, str]) -> str | None:
        """Take in an EXT-X-DEFINE tag (section 4.4.2.3). Returns the value to write into it, where the player would
        not find the one that its QUERYPARAM means in the address that it sees."""
        imported, parameter = attributes.get("IMPORT", ""), attributes.get("QUERYPARAM", "")
        if attributes.get("NAME") and "VALUE" in attributes:
            self._define(attributes["NAME"], attributes["VALUE"])
        elif imported in self.imported:
            self.values[imported] = self.imported[imported]
        elif parameter in self.parameters:
            found = self.values[parameter] = self.parameters[parameter]
            return None if self.seen.get(parameter) == found or _UNWRITABLE.search(found) else found
        return None

    def _define(self, name: str, value: str) -> None:
        try:
            found = self.substitute(value)
        except UndefinedError:
            self.values.pop(name, None)
            return
        self.values[name] = Shaped(found, self.fixed(value)) if self.is_shaped(value) else found

    def substitute(self, text: str) -> str:
        """Put values in place of variables, once: what a value holds is text. Raises `UndefinedError`, and
        `MalformedManifest` when it comes to be too much."""
        names: list[str] = _REFERENCE.findall(text)
        if not self.values.keys() >= set(names):
            raise UndefinedError
        self._substituted += self.growth(text)
        if self._substituted > MOST_SUBSTITUTED:
            raise MalformedManifest("The variables of the origin's playlist stand for too much text.")
        return _REFERENCE.sub(lambda found: self.values[found[1]], text)

    def growth(self, text: str) -> int:
        """Characters that the variables of a text stand for."""
        return sum(len(self.values.get(name, "")) for name in _REFERENCE.findall(text))

    def is_shaped(self, text: str) -> bool:
        """Whether one of a text's variables is `Shaped`."""
        return any(isinstance(self.values.get(name), Shaped) for name in _REFERENCE.findall(text))

    def fixed(self, text: str) -> str:
        """The same as `substitute` for a text whose variables are all defined, whatever the player's query says."""
        return _REFERENCE.sub(lambda found: _fixed(self.values[found[1]]), text)


def _fixed(value: str) -> str:
    return value.fixed if isinstance(value, Shaped) else value


def parameters(query: str) -> dict[str, str]:
    """The fields of a query that have a value, percent-decoded; a plus is a plus, for this is no form. The first of one
    name holds, as players take it."""
    found: dict[str, str] = {}
    for parameter in query.removeprefix("?").split("&"):
        name, _, value = parameter.partition("=")
        if value:
            found.setdefault(unquote(name), unquote(value))
    return found


def without_token(text: str, seen: Mapping[str, str]) -> str:
    """A playlist for a player that sees an address with these fields, and perhaps its session token beside them. A
    QUERYPARAM that would name that names nothing, as at the origin: players find references where others do not, and
    could carry it there."""

    def kept_or_none(found: re.Match[str]) -> str:
        before, name = found.groups()
        is_token = name.replace("\ufeff", " ").strip() == SESSION_FIELD and SESSION_FIELD not in seen
        return before + _NO_FIELD if is_token or MARK in name else found[0]

    return _QUERYPARAM.sub(kept_or_none, text) if "QUERYPARAM" in text else text
