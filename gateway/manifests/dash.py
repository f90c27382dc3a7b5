"""DASH manifests (ISO/IEC 23009-1): DASH stays DASH; what leads elsewhere is rewritten in place, byte for byte.

The text is not parsed and written out again: a parser finds where each reference stands, and only those bytes change.
A relative reference beneath a BaseURL that was rewritten follows it by itself, and so stays as it is: a template at one
level is filled in beneath the BaseURL of a deeper one, which only the player can do. A manifest without a BaseURL at
its top is given one, where its relative references would not lead right by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from gateway.manifests.link import Link, MalformedManifest, resolve, written

_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(rb"\s(?P<name>[^\s=<]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
_NOT_RELATIVE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\?]")

ATTRIBUTES = {
    "SegmentTemplate": frozenset({"media", "initialization", "index", "bitstreamSwitching"}),
    "SegmentURL": frozenset({"media", "index"}),
    "Initialization": frozenset({"sourceURL"}),
    "RepresentationIndex": frozenset({"sourceURL"}),
    "BitstreamSwitching": frozenset({"sourceURL"}),
}
"""The attributes, by element, that hold a reference; beside them ``xlink:href`` and UTCTiming's ``value``."""

ELEMENTS = frozenset(
    {"BaseURL", "Location", "PatchLocation", "ContentSteering", "Laurl", "laurl", "LaUrl", "la_url", "LA_URL"}
)
"""The elements whose text is a reference; beside them a callback Event."""

_CALLBACK = "urn:mpeg:dash:event:callback:2015"


def rewrite(text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a manifest that came from ``base``. A template's ``$...$`` parts reach ``link`` as they are.

    Raises `MalformedManifest` for what is not well-formed XML in UTF-8, and for any DTD: entities are how XML explodes.
    """
    reader = _Reader(text, link, base)
    try:
        reader.parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        raise MalformedManifest(f"The origin's DASH manifest is not well-formed XML: {error}.") from error
    return _replaced(text, reader.changes)


@dataclass(frozen=True, slots=True)
class _Change:
    """Bytes ``start`` to ``end`` of the manifest, and what takes their place."""

    start: int
    end: int
    replacement: bytes


def _replaced(text: bytes, changes: list[_Change]) -> bytes:
    parts, done = [], 0
    for change in sorted(changes, key=lambda change: change.start):
        parts += [text[done : change.start], change.replacement]
        done = change.end
    return b"".join([*parts, text[done:]])


@dataclass
class _Element:
    """An open element. ``base`` is what references inside it resolve against; ``carried`` the directory beneath which
    a relative one is right by itself, empty if there is none; ``inherited`` the base outside it."""

    name: str
    base: str
    carried: str
    inherited: str
    refers: bool
    callback: bool
    text_start: int
    has_base: bool = False
    text: list[str] = field(default_factory=list)


class _Reader:
    """Walks the manifest and notes the changes."""

    def __init__(self, text: bytes, link: Link, base: str) -> None:
        self._text = text
        self._link = link
        self._open = [_Element("", base, "", base, refers=False, callback=False, text_start=0)]
        self._first_child = 0
        self.changes: list[_Change] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_declared: object) -> None:
        raise MalformedManifest("The origin's DASH manifest declares a document type; the gateway reads none.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local, parent = name.rpartition(":")[2], self._open[-1]
        at = self.parser.CurrentByteIndex
        tag = _TAG.match(self._text, at)
        if tag is None:
            raise MalformedManifest("The origin's DASH manifest has a tag that cannot be read.")
        self._give_base(local, at)
        self._attributes(local, attributes, tag, parent)
        callback = parent.callback or attributes.get("schemeIdUri") == _CALLBACK
        refers = (local in ELEMENTS or (local == "Event" and callback)) and not tag[0].endswith(b"/>")
        self._open.append(
            _Element(local, parent.base, parent.carried, parent.base, refers, callback, text_start=tag.end())
        )

    def _give_base(self, local: str, at: int) -> None:
        """Put a BaseURL into an MPD that has none, once its first Period begins, where the schema wants it."""
        mpd = self._open[-1]
        if len(self._open) != 2 or local == "ProgramInformation":
            return
        self._first_child = self._first_child or at
        if local != "Period" or mpd.has_base:
            return
        mpd.has_base = True
        home = resolve("./", mpd.base)
        replacement = self._link("./", home) if home else None
        if home and replacement is not None:
            mpd.carried = home
            given = f"<BaseURL>{escape(replacement)}</BaseURL>".encode()
            self.changes.append(_Change(self._first_child, self._first_child, given))

    def _data(self, data: str) -> None:
        self._open[-1].text.append(data)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if not element.refers:
            return
        raw = self._text[element.text_start : self.parser.CurrentByteIndex]
        reference = "".join(element.text).strip()
        parent = self._open[-1]
        if element.name == "BaseURL":
            self._set_base(reference, raw, element, parent)
        elif reference:
            self._change_text(written(reference, parent.base, self._link), raw, element)

    def _set_base(self, reference: str, raw: bytes, element: _Element, parent: _Element) -> None:
        """A BaseURL: the first of several is what references resolve against; the others stand in for it."""
        absolute = resolve(reference, parent.inherited)
        if absolute is None:
            return
        follows = _beneath(reference, absolute, _outer_carried(self._open))
        replacement = None if follows else self._link(reference, absolute)
        self._change_text(replacement, raw, element)
        if not parent.has_base:
            parent.has_base = True
            parent.base = absolute
            moved = follows or replacement is not None
            parent.carried = absolute.partition("?")[0].rpartition("/")[0] + "/" if moved else ""

    def _change_text(self, replacement: str | None, raw: bytes, element: _Element) -> None:
        if replacement is None:
            return
        start = element.text_start + len(raw) - len(raw.lstrip())
        self.changes.append(_Change(start, start + len(raw.strip()), escape(replacement).encode()))

    def _attributes(self, local: str, values: Mapping[str, str], tag: re.Match[bytes], parent: _Element) -> None:
        for found in _ATTRIBUTE.finditer(self._text, tag.start(), tag.end()):
            name = found["name"].decode()
            if name in ATTRIBUTES.get(local, ()) or name == "xlink:href":
                replacement = self._attribute(values[name], parent)
            elif local == "UTCTiming" and name == "value" and ":http-" in values.get("schemeIdUri", ""):
                replacement = self._each(values[name], parent)
            else:
                continue
            if replacement is not None:
                quoted = b'"' + escape(replacement, {'"': "&quot;"}).encode() + b'"'
                self.changes.append(_Change(found.start("value"), found.end("value"), quoted))

    def _attribute(self, reference: str, parent: _Element) -> str | None:
        absolute = resolve(reference, parent.base)
        if absolute is None or _beneath(reference, absolute, parent.carried):
            return None
        return self._link(reference, absolute)

    def _each(self, references: str, parent: _Element) -> str | None:
        """Several references with spaces between them."""
        each = [self._attribute(reference, parent) or reference for reference in references.split()]
        return None if each == references.split() else " ".join(each)


def _outer_carried(opened: list[_Element]) -> str:
    """What is carried outside the element that a BaseURL stands in."""
    return opened[-2].carried if len(opened) > 1 else ""


def _beneath(reference: str, absolute: str, carried: str) -> bool:
    """Whether a reference is relative and stays beneath a directory that was made to lead right."""
    return bool(carried) and not _NOT_RELATIVE.match(reference) and absolute.startswith(carried)
