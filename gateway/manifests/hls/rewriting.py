"""A playlist is rewritten line by line: URI lines, and the attributes and tags that hold references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.manifests.asking import VARIABLES, Asking, with_field
from gateway.manifests.data_url import refused
from gateway.manifests.documents import in_place
from gateway.manifests.hls import plain as plainly
from gateway.manifests.hls.references import DOCUMENTS, KEYS, MEDIA_PLAYLISTS, REFERENCES, WHOLE
from gateway.manifests.hls.variables import MARK, Shaped, UndefinedError, Variables, parameters, without_token
from gateway.manifests.link import Link, counted, is_beside, resolve, whole, written

_LINE = re.compile(r"[^\r\n]+")
_TAG = re.compile(r"#(EXT[A-Z0-9-]*):")
# A name begins only where an attribute can, and is never given back: a long line would take quadratic time otherwise.
_ATTRIBUTE = re.compile(r'(?<![^,:\s])(?P<name>[^\s=,:"]++)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^",]*))')
_NOT_UTF_8 = re.compile(r"[\udc80-\udcff]")
_UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f]')
_EDGES = plainly.BLANKS
_DEFINE = re.compile(r"(?<![^\r\n])[ \t\ufeff]*+#EXT-X-DEFINE:[^\r\n]*")
_QUERYPARAM = re.compile(r'(?<![^,:\s])QUERYPARAM="[^"]*"')


def rewrite(text: bytes, base: str, link: Link, asking: Asking | None = None) -> bytes:
    """Rewrite a playlist that came from ``base``: URI lines, and the attributes of `REFERENCES`.

    Works in one pass over text in which bytes that are not UTF-8 are kept as surrogates, after one for the variables
    that media playlists may import. Raises `MalformedManifest` for one too large to work through.
    """
    readable = plainly.whole_lines(text.decode("utf-8", "surrogateescape"))
    asking = asking or Asking()
    exported = _exported(readable, base, asking) if "#EXT-X-DEFINE:" in readable else {}
    plain, licence, noting = counted(link), counted(asking.licence or link), _noting(link, exported, asking)
    shaped: Mapping[Link, Link] = {}
    if asking.shaped:
        narrow = counted(asking.shaped)
        shaped = {plain: narrow, licence: narrow, noting: _noting(asking.shaped, exported, asking)}
    playlist = _Playlist(base, asking, plain, noting, licence, _variables(base, asking), bool(exported), shaped)
    rewritten = without_token(_LINE.sub(playlist.line, readable), playlist.variables.seen)
    return rewritten.encode("utf-8", "surrogateescape")


@dataclass
class _Playlist:
    """A playlist that is being rewritten. ``licence_link`` is for licence servers; ``media_link`` for its media
    playlists, if it ``defines`` anything that they may import; ``shaped`` are the links that take the place of these
    where the player's own query shapes the path of a reference."""

    base: str
    asking: Asking
    link: Link
    media_link: Link
    licence_link: Link
    variables: Variables
    defines: bool
    shaped: Mapping[Link, Link]
    _variant_follows: bool = False

    def line(self, found: re.Match[str]) -> str:
        """One line, without its end."""
        return plainly.one_tag(self._line(found[0]))

    def _line(self, line: str) -> str:
        content = line.strip(_EDGES)
        if content.startswith("#"):
            tag, line = _TAG.match(content), plainly.line(line)
            return self._tag(tag[1], line) if tag else line
        variant, self._variant_follows = self._variant_follows, False
        return _replaced(content, line, self._media(content) if variant else self._written(content))

    def _tag(self, name: str, line: str) -> str:
        if name == "EXT-X-STREAM-INF":
            self._variant_follows = True
        if name == "EXT-X-DEFINE":
            return self._define(line)
        if name in WHOLE:
            before, colon, content = line.partition(":")
            return before + colon + _replaced(content.strip(_EDGES), content, self._written(content.strip(_EDGES)))
        referring = REFERENCES.get(name)
        line = plainly.attributes(line) if referring else line
        if name in KEYS and _attributes(line).get("KEYFORMAT", "identity") != "identity":
            return _ATTRIBUTE.sub(self._licence, line)
        if referring is None:
            return line
        return _ATTRIBUTE.sub(
            lambda found: self._attribute(name, found) if found["name"] in referring else found[0], line
        )

    def _attribute(self, tag: str, found: re.Match[str]) -> str:
        write = (
            self._media if tag in MEDIA_PLAYLISTS else self._document if found["name"] in DOCUMENTS else self._written
        )
        value = _value(found)
        replacement = write(value) if value else None
        if replacement and found["name"] == "X-ASSET-URI":  # which hls.js resolves against the page that it runs in
            replacement = whole(replacement, self.asking.own)
        return found[0] if replacement is None else _led(found, replacement)

    def _licence(self, found: re.Match[str]) -> str:
        """An attribute of a key that a licence server gives, which players ask by POST."""
        value = _value(found)
        if found["name"] != "URI" or not value:
            return found[0]
        replacement = self._written(value, self.licence_link)
        return found[0] if replacement is None else _led(found, replacement)

    def _define(self, line: str) -> str:
        attributes = _attributes(line)
        value = self.variables.define(attributes)
        if value is None:
            return line
        # The player looks for it in the address that it sees, which is ours and has no such field.
        return _QUERYPARAM.sub(lambda _: f'NAME="{attributes["QUERYPARAM"]}",VALUE="{value}"', line, count=1)

    def _media(self, reference: str) -> str | None:
        """What to write for a reference to a media playlist, which may import what this playlist defines."""
        plain = self._plain(reference)
        absolute = resolve(plain.strip(_EDGES), self.base)
        if absolute is None:
            return refused(plain, manifest=True) or self._written(reference)
        if not self.defines:
            return self._written(reference)
        link = self._narrowed(self.media_link, reference, absolute)
        return _without_marks(link(absolute, absolute) or absolute)

    def _document(self, reference: str) -> str | None:
        """What to write for a reference to JSON, or for the JSON itself, if that is the origin's."""
        if self.variables.is_shaped(reference):
            return self._written(reference)
        plain = self._plain(reference).replace("\t", "").strip()
        return in_place(plain, self.base, self.link, self.asking) or self._written(reference)

    def _written(self, reference: str, link: Link | None = None) -> str | None:
        """What to write for a reference, or None to leave it. One with a variable is never left to the player, which
        might know another value: it sees an address that is not the playlist's, and that may hold its token."""
        plain, link = self._plain(reference), link or self.link
        if MARK not in reference:
            return written(plain, self.base, link)
        absolute = resolve(plain.strip(_EDGES), self.base)
        if absolute is None:
            return refused(plain) or _without_marks(_quotable(plain))
        return _without_marks(self._narrowed(link, reference, absolute)(absolute, absolute) or absolute)

    def _narrowed(self, link: Link, reference: str, absolute: str) -> Link:
        """The link for a reference, which resolves to ``absolute``: a narrower one if the player's own query has a say
        in more of that than its query, and a file's name."""
        if link not in self.shaped or not self.variables.is_shaped(reference):
            return link
        try:
            self.variables.substitute(reference)
        except UndefinedError:
            return link
        fixed = resolve(_in_utf_8(self.variables.fixed(reference)).strip(_EDGES), self.base)
        path, theirs = _before_query(absolute), _before_query(fixed or "")
        is_led = path == theirs or (link is not self.licence_link and is_beside(theirs, path))
        return link if is_led else self.shaped[link]

    def _plain(self, reference: str) -> str:
        """A reference with values in place of its variables, as it is if one is not defined; in UTF-8."""
        with suppress(UndefinedError):  # no player resolves it either
            reference = self.variables.substitute(reference) if MARK in reference else reference
        return _in_utf_8(reference)


def _value(found: re.Match[str]) -> str:
    """What an attribute holds. A reference without quotes conforms to nothing, and yet all players follow it."""
    return found["bare"] if found["quoted"] is None else found["quoted"]


def _led(found: re.Match[str], replacement: str) -> str:
    """An attribute that leads elsewhere. To FFmpeg a backslash before the quote would make that a part of it."""
    return f'{found["name"]}="{replacement.replace(chr(92), "%5C")}"'


def _attributes(line: str) -> dict[str, str]:
    return {found["name"]: found["quoted"] for found in _ATTRIBUTE.finditer(line) if found["quoted"] is not None}


def _variables(base: str, asking: Asking) -> Variables:
    told = parameters(urlsplit(base).query)
    if asking.shaped:
        told = {name: Shaped(value) for name, value in told.items()}
    return Variables(asking.variables, told, parameters(asking.query))


def _exported(text: str, base: str, asking: Asking) -> dict[str, str]:
    """What a whole playlist defines: a player reads all of it before it reads another."""
    variables = _variables(base, asking)
    for define in _DEFINE.finditer(text):
        variables.define(_attributes(define[0]))
    return variables.values


def _noting(link: Link, exported: Mapping[str, str], asking: Asking) -> Link:
    """``link`` for references to media playlists, with a note of the variables that they may import."""

    def noted(reference: str, absolute: str) -> str:
        led = link(reference, absolute) or absolute
        return with_field(led, VARIABLES, asking.notes.variables(_before_query(absolute), exported))

    return counted(noted)


def _before_query(absolute: str) -> str:
    return absolute.partition("#")[0].partition("?")[0]


def _replaced(content: str, line: str, replacement: str | None) -> str:
    return line if replacement is None else line.replace(content, replacement, 1)


def _in_utf_8(reference: str) -> str:
    return _NOT_UTF_8.sub(_percent_encoded, reference)


def _percent_encoded(found: re.Match[str]) -> str:
    return f"%{ord(found[0]) - 0xDC00:02X}"


def _quotable(reference: str) -> str:
    return _UNQUOTABLE.sub(lambda found: f"%{ord(found[0]):02X}", reference)


def _without_marks(reference: str) -> str:
    """A reference in which no player finds a variable."""
    return reference.replace(MARK, "%7B$")
