"""The lines of an HLS playlist (draft-pantos-hls-rfc8216bis, section 4.1): tags with their attributes, and URIs.

Nothing is refused: what is wrong is for the rules to find, and each line keeps its number to be told by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urlsplit

from gateway.manifests.hls.variables import MARK, UndefinedError, Variables, parameters

_END = re.compile(r"\r\n|\n|\r")
# A name begins only where an attribute can, and is never given back: a long line would take quadratic time otherwise.
_ATTRIBUTE = re.compile(r'(?<![^,\s])(?P<name>[^\s=,"]++)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^",]*))')
_INTEGER = re.compile(r"[0-9]{1,20}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{0,30})?")

LONGEST = 8192
"""Characters of a URI or value in which variables are substituted: a few definitions can double without end."""

MOST_SUBSTITUTED = 1024 * 1024
"""Characters that all variables of a playlist may stand for."""

MOST = 50_000
"""Tags and URIs that are read of one playlist."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag without its ``#``: its name, what stands behind the colon, and that read as a list of attributes."""

    line: int
    name: str
    value: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """How a finding tells it."""
        return f"line {self.line}"

    def __getitem__(self, attribute: str) -> str:
        """An attribute's value without quotes; empty if it is absent."""
        return self.attributes.get(attribute, "")


@dataclass(frozen=True, slots=True)
class Reference:
    """A line that is neither empty nor a comment: a URI."""

    line: int
    uri: str


@dataclass(frozen=True)
class Playlist:
    """All tags and URIs in order, but for those beyond `MOST`. ``starts_right`` if the first line is ``#EXTM3U`` and
    nothing stands before it; ``variables`` what was defined, for the playlists that import it."""

    entries: tuple[Tag | Reference, ...]
    starts_right: bool
    has_bom: bool
    is_utf_8: bool
    variables: Mapping[str, str]
    _named: dict[str, list[Tag]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for entry in self.entries:
            if isinstance(entry, Tag):
                self._named.setdefault(entry.name, []).append(entry)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more than was read."""
        return len(self.entries) == MOST

    def tags(self, name: str) -> list[Tag]:
        """The tags of one name."""
        return self._named.get(name, [])

    def names(self) -> frozenset[str]:
        """Which tags there are."""
        return frozenset(self._named)


def read_lines(text: bytes, base: str, imported: Mapping[str, str] | None = None) -> Playlist:
    """Read a playlist that came from ``base``, whose query EXT-X-DEFINE:QUERYPARAM reads; ``imported`` are the
    variables of its multivariant playlist."""
    has_bom = text.startswith(b"\xef\xbb\xbf")
    readable = text.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    asked = parameters(urlsplit(base).query)
    variables = _Variables(Variables(imported or {}, asked, asked))
    lines = _END.split(readable)
    numbered = ((number, line.strip(" \t")) for number, line in enumerate(lines, 1))
    told = ((number, line) for number, line in numbered if line and (line[0] != "#" or line.startswith("#EXT")))
    entries = tuple(_entry(number, line, variables) for number, line in islice(told, MOST))
    is_utf_8 = "�" not in readable or "�".encode() in text
    return Playlist(entries, lines[0].rstrip(" \t") == "#EXTM3U", has_bom, is_utf_8, variables.told.values)


def _entry(number: int, line: str, variables: _Variables) -> Tag | Reference:
    if not line.startswith("#"):
        return Reference(number, variables.substitute(line))
    name, _, value = line[1:].partition(":")
    found = _ATTRIBUTE.finditer(value) if "=" in value else ()
    attributes = {each["name"]: _value(each, variables) for each in found}
    tag = Tag(number, name, value, attributes)
    if name == "EXT-X-DEFINE":
        variables.define(value)
    return tag


def _value(found: re.Match[str], variables: _Variables) -> str:
    quoted = found["quoted"]
    return variables.substitute(quoted) if quoted is not None else found["bare"].strip()


@dataclass
class _Variables:
    """What EXT-X-DEFINE has defined so far, as the gateway reads it for players, within bounds."""

    told: Variables
    left: int = MOST_SUBSTITUTED

    def define(self, value: str) -> None:
        """Take one definition, of this list of attributes."""
        quoted = {each["name"]: each["quoted"] for each in _ATTRIBUTE.finditer(value) if each["quoted"] is not None}
        if self._affords(quoted.get("VALUE", "")):
            self.told.define(quoted)

    def substitute(self, text: str) -> str:
        """Put values in place of variables; all stay where one is not defined, or where it would be too long."""
        if MARK in text and self._affords(text):
            with suppress(UndefinedError):
                return self.told.substitute(text)
        return text

    def _affords(self, text: str) -> bool:
        if MARK not in text:
            return True
        length = self.told.growth(text) if len(text) <= LONGEST else LONGEST
        if len(text) + length > LONGEST or length > self.left:
            return False
        self.left -= length
        return True


def integer(text: str) -> int | None:
    """A decimal-integer (section 4.2), or None."""
    return int(text) if _INTEGER.fullmatch(text) else None


def decimal(text: str) -> float | None:
    """A decimal-floating-point, or None."""
    return float(text) if _DECIMAL.fullmatch(text) else None


def moment(text: str) -> datetime | None:
    """A date and time (ISO 8601), or None; one without a zone is taken as UTC."""
    try:
        read = datetime.fromisoformat(text[:64].strip())
    except ValueError:
        return None
    try:
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except OverflowError:
        return None
