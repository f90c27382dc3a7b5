"""HLS playlists (draft-pantos-hls-rfc8216bis): every reference is rewritten, and every other byte stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from gateway.manifests.link import Link, MalformedManifest, counted, written

_LINE = re.compile(r"[^\r\n]+")
_TAG = re.compile(r"#(EXT[A-Z0-9-]*):")
# A name begins only where an attribute can, and is never given back: a long line would take quadratic time otherwise.
_ATTRIBUTE = re.compile(r'(?<![^,:\s])(?P<name>[^\s=,:"]++)=(?:"(?P<quoted>[^"]*)"|[^",]*)')
_NOT_UTF_8 = re.compile(r"[\udc80-\udcff]")
_EDGES = " \t\ufeff"
_VARIABLE = re.compile(r"\{\$([A-Za-z0-9_-]+)\}")

_URI = frozenset({"URI"})
REFERENCES = {
    "EXT-X-KEY": _URI,
    "EXT-X-SESSION-KEY": _URI,
    "EXT-X-MAP": _URI,
    "EXT-X-MEDIA": _URI,
    "EXT-X-I-FRAME-STREAM-INF": _URI,
    "EXT-X-IMAGE-STREAM-INF": _URI,
    "EXT-X-PART": _URI,
    "EXT-X-PRELOAD-HINT": _URI,
    "EXT-X-RENDITION-REPORT": _URI,
    "EXT-X-SESSION-DATA": _URI,
    "EXT-X-CONTENT-STEERING": frozenset({"SERVER-URI"}),
    "EXT-X-DATERANGE": frozenset({"X-ASSET-URI", "X-ASSET-LIST"}),
}
"""The attributes, by tag, that hold a reference."""

MOST_SUBSTITUTED = 32 * 1024 * 1024
"""Characters that the variables of one playlist may stand for: a few lines of definitions can double without end."""


class _UndefinedError(Exception):
    """A variable that this playlist does not define: one that it imports, of its multivariant playlist."""


def rewrite(text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a playlist that came from ``base``: URI lines, and the attributes of `REFERENCES`.

    Works in one pass over text in which bytes that are not UTF-8 are kept as surrogates. A reference with a variable
    that the playlist only imports is left as it is. Raises `MalformedManifest` for one too large to work through.
    """
    playlist = _Playlist(base, counted(link), _parameters(base))
    readable = text.decode("utf-8", "surrogateescape")
    return _LINE.sub(playlist.line, readable).encode("utf-8", "surrogateescape")


@dataclass
class _Playlist:
    """Where a playlist came from, and the variables it has defined so far (section 4.4.2.3)."""

    base: str
    link: Link
    parameters: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    substituted: int = 0

    def line(self, found: re.Match[str]) -> str:
        """One line, without its end."""
        line = found[0]
        content = line.strip(_EDGES)
        if content.startswith("#"):
            tag = _TAG.match(content)
            return self._tag(tag[1], line) if tag else line
        replacement = self._written(content)
        return line if replacement is None else line.replace(content, replacement, 1)

    def _tag(self, name: str, line: str) -> str:
        if name == "EXT-X-DEFINE":
            self._define(line)
        referring = REFERENCES.get(name)
        if referring is None:
            return line
        return _ATTRIBUTE.sub(lambda found: self._attribute(found) if found["name"] in referring else found[0], line)

    def _attribute(self, found: re.Match[str]) -> str:
        replacement = self._written(found["quoted"]) if found["quoted"] else None
        return found[0] if replacement is None else f'{found["name"]}="{replacement}"'

    def _define(self, line: str) -> None:
        attributes = {found["name"]: found["quoted"] for found in _ATTRIBUTE.finditer(line)}
        name, value, parameter = attributes.get("NAME"), attributes.get("VALUE"), attributes.get("QUERYPARAM")
        if name and value is not None:
            self._define_value(name, value)
        elif parameter in self.parameters:
            self.variables[parameter] = self.parameters[parameter]

    def _define_value(self, name: str, value: str) -> None:
        try:
            self.variables[name] = self._substitute(value)
        except _UndefinedError:
            self.variables.pop(name, None)

    def _written(self, reference: str) -> str | None:
        try:
            plain = self._substitute(reference)
        except _UndefinedError:
            return None
        return written(_NOT_UTF_8.sub(_percent_encoded, plain), self.base, self.link)

    def _substitute(self, text: str) -> str:
        """Put values in place of variables, once: what a value holds is text (section 4.3)."""
        names: list[str] = _VARIABLE.findall(text)
        if not self.variables.keys() >= set(names):
            raise _UndefinedError
        self.substituted += sum(len(self.variables[name]) for name in names)
        if self.substituted > MOST_SUBSTITUTED:
            raise MalformedManifest("The variables of the origin's playlist stand for too much text.")
        return _VARIABLE.sub(lambda found: self.variables[found[1]], text)


def _parameters(base: str) -> dict[str, str]:
    """The query's parameters that have a value, percent-decoded; a plus is a plus, for this is no form."""
    parameters = {}
    for parameter in urlsplit(base).query.split("&"):
        name, _, value = parameter.partition("=")
        if value:
            parameters[unquote(name)] = unquote(value)
    return parameters


def _percent_encoded(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) - 0xDC00:02X}"
