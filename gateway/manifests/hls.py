"""HLS playlists (draft-pantos-hls-rfc8216bis): every reference is rewritten, and every other byte stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from gateway.manifests.link import Link, written

_LINE = re.compile(r"[^\r\n]+")
_TAG = re.compile(r"#(EXT[A-Z0-9-]*):")
_ATTRIBUTE = re.compile(r'(?P<name>[A-Z0-9-]+)=(?:"(?P<quoted>[^"]*)"|[^",]*)')
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


class _UndefinedError(Exception):
    """A variable that this playlist does not define: one that it imports, of its multivariant playlist."""


def rewrite(text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a playlist that came from ``base``: URI lines, and the attributes of `REFERENCES`.

    Works in one pass over text in which bytes that are not UTF-8 are kept as surrogates. A reference with a variable
    that the playlist only imports is left as it is.
    """
    playlist = _Playlist(base, link)
    readable = text.decode("utf-8", "surrogateescape")
    return _LINE.sub(playlist.line, readable).encode("utf-8", "surrogateescape")


@dataclass
class _Playlist:
    """Where a playlist came from, and the variables it has defined so far (section 4.4.2.3)."""

    base: str
    link: Link
    variables: dict[str, str] = field(default_factory=dict)

    def line(self, found: re.Match[str]) -> str:
        """One line, without its end."""
        line = found[0]
        if line.startswith("#"):
            tag = _TAG.match(line)
            return self._tag(tag[1], line) if tag else line
        reference = line.strip(" \t\ufeff")
        if not reference or reference.startswith("#"):
            return line
        replacement = self._written(reference)
        return line if replacement is None else line.replace(reference, replacement, 1)

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
        name, parameter = attributes.get("NAME"), attributes.get("QUERYPARAM")
        if name and attributes.get("VALUE") is not None:
            self.variables[name] = attributes["VALUE"]
        elif parameter:
            values = parse_qs(urlsplit(self.base).query, keep_blank_values=True).get(parameter)
            if values:
                self.variables[parameter] = values[0]

    def _written(self, reference: str) -> str | None:
        try:
            return written(_VARIABLE.sub(self._value, reference), self.base, self.link)
        except _UndefinedError:
            return None

    def _value(self, found: re.Match[str]) -> str:
        if found[1] not in self.variables:
            raise _UndefinedError
        return self.variables[found[1]]
