"""A small XML document as a tree. No document type is read, so that no entity can grow; depth and number of elements
are bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

DEEPEST = 100
"""Elements inside one another; an MPD has about ten."""

MOST = 50_000
"""Elements in one document; more are not read."""


@dataclass(slots=True, eq=False)
class Element:
    """An element without its namespace's prefix; attributes keep theirs."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    named: dict[str, list[Element]] = field(default_factory=dict)
    """The children by their names: to look through 20,000 of them for each of 20,000 would take minutes."""

    def get(self, attribute: str) -> str:
        """An attribute's value without white space around it; empty if it is absent."""
        return self.attributes.get(attribute, "").strip()

    def all(self, name: str) -> list[Element]:
        """The children of a name."""
        return self.named.get(name, [])

    def first(self, name: str) -> Element | None:
        """The first child of a name, or None."""
        return next(iter(self.named.get(name, ())), None)

    def walk(self) -> Iterator[Element]:
        """This element and all beneath it, in the document's order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read; ``root`` is None if nothing could, ``trouble`` says what is wrong with the rest, if anything,
    and ``is_cut`` that there is more than was read."""

    root: Element | None
    trouble: str = ""
    is_cut: bool = False


class _DocumentType(Exception):  # noqa: N818 - what it is about
    """There is one, and it is not read."""


class _TooMuch(Exception):  # noqa: N818 - what it is about
    """The rest is not read."""


def read_xml(text: bytes, *, whole: bool = True) -> Document:
    """Read a document in UTF-8; one that is not ``whole`` was cut off, which is no trouble of its own."""
    builder = _Builder()
    try:
        builder.parser.Parse(text, whole)
    except expat.ExpatError as error:
        return Document(builder.root, f"It is not well-formed XML: {error}.")
    except _DocumentType:
        return Document(builder.root, "It declares a document type, which no DASH player needs and which is not read.")
    except _TooMuch:
        return Document(builder.root, is_cut=True)
    return Document(builder.root, is_cut=not whole)


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or self._count > MOST:
            raise _TooMuch
        element = Element(name.rpartition(":")[2], attributes)
        if self._open:
            self._open[-1].children.append(element)
            self._open[-1].named.setdefault(element.name, []).append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _data(self, data: str) -> None:
        if len(self._open[-1].text) < 4096:
            self._open[-1].text += data[:4096]

    def _refuse(self, *_declared: object) -> None:
        raise _DocumentType
