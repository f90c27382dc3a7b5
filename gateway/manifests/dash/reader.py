"""Walks a manifest and notes what is to be changed in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from gateway.manifests.dash.change import Change, replaced
from gateway.manifests.dash.references import CALLBACK, ELEMENTS, refers
from gateway.manifests.link import Link, MalformedManifest, counted, is_relative, resolve, written
from gateway.origins.url import LONGEST

_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(rb"\s(?P<name>[^\s=<]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")

DEEPEST = 100
"""Elements inside one another; an MPD has about ten, and what its events carry a few more."""


def rewrite(text: bytes, base: str, link: Link) -> bytes:
    """Rewrite a manifest that came from ``base``. A template's ``$...$`` parts reach ``link`` as they are.

    Raises `MalformedManifest` for what is not well-formed XML in UTF-8, for any DTD (entities are how XML explodes),
    and for one too large or too deep to work through.
    """
    if text.startswith(_UTF_16):
        raise MalformedManifest("The origin's DASH manifest is in UTF-16; the gateway reads UTF-8.")
    reader = _Reader(text, counted(link), base)
    try:
        reader.parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        raise MalformedManifest(f"The origin's DASH manifest is not well-formed XML: {error}.") from error
    return replaced(text, reader.changes)


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
    text_start: int = 0
    has_base: bool = False
    text: list[str] = field(default_factory=list)


class _Reader:
    """Walks the manifest and notes the changes."""

    def __init__(self, text: bytes, link: Link, base: str) -> None:
        self._text = text
        self._link = link
        self._open = [_Element("", base, "", base, refers=False, callback=False)]
        self._first_child = 0
        self.changes: list[Change] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_declared: object) -> None:
        raise MalformedManifest("The origin's DASH manifest declares a document type; the gateway reads none.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        prefix, colon, local = name.rpartition(":")
        parent = self._open[-1]
        if len(self._open) > DEEPEST:
            raise MalformedManifest(f"The origin's DASH manifest nests more than {DEEPEST} elements.")
        self._give_base(prefix + colon, local, self.parser.CurrentByteIndex)
        callback = parent.callback or attributes.get("schemeIdUri") == CALLBACK
        calls = callback and local == "Event" and "contentEncoding" not in attributes
        referring = [
            held for held in attributes if (calls and held == "messageData") or refers(local, held, attributes)
        ]
        element = _Element(local, parent.base, parent.carried, parent.base, calls or local in ELEMENTS, callback)
        if referring or element.refers:
            tag = self._tag()
            element.text_start = tag.end()
            element.refers = element.refers and not tag[0].endswith(b"/>")
            self._attributes(referring, attributes, tag, parent)
        self._open.append(element)

    def _tag(self) -> re.Match[bytes]:
        tag = _TAG.match(self._text, self.parser.CurrentByteIndex)
        if tag is None:
            raise MalformedManifest("The origin's DASH manifest has a tag that cannot be read.")
        return tag

    def _give_base(self, prefix: str, local: str, at: int) -> None:
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
            given = f"<{prefix}BaseURL>{escape(replacement)}</{prefix}BaseURL>".encode()
            self.changes.append(Change(self._first_child, self._first_child, given))

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
        if len(absolute) > LONGEST:
            raise MalformedManifest(f"A BaseURL of the origin's DASH manifest is longer than {LONGEST} characters.")
        follows = _beneath(reference, absolute, parent.inherited, _outer_carried(self._open))
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
        self.changes.append(Change(start, start + len(raw.strip()), escape(replacement).encode()))

    def _attributes(
        self, names: Collection[str], values: Mapping[str, str], tag: re.Match[bytes], parent: _Element
    ) -> None:
        for found in _ATTRIBUTE.finditer(self._text, tag.start(), tag.end()):
            name = found["name"].decode()
            if name not in names:
                continue
            replacement = (self._each if name == "value" else self._attribute)(values[name], parent)
            if replacement is not None:
                quoted = b'"' + escape(replacement, {'"': "&quot;"}).encode() + b'"'
                self.changes.append(Change(found.start("value"), found.end("value"), quoted))

    def _attribute(self, reference: str, parent: _Element) -> str | None:
        reference = reference.strip()
        absolute = resolve(reference, parent.base)
        if absolute is None or _beneath(reference, absolute, parent.base, parent.carried):
            return None
        return self._link(reference, absolute)

    def _each(self, references: str, parent: _Element) -> str | None:
        """Several references with spaces between them."""
        each = [self._attribute(reference, parent) or reference for reference in references.split()]
        return None if each == references.split() else " ".join(each)


def _outer_carried(opened: list[_Element]) -> str:
    """What is carried outside the element that a BaseURL stands in."""
    return opened[-2].carried if len(opened) > 1 else ""


def _beneath(reference: str, absolute: str, base: str, carried: str) -> bool:
    """Whether a reference is relative and stays beneath a directory that was made to lead right."""
    return bool(carried) and absolute.startswith(carried) and is_relative(reference, absolute, base)
