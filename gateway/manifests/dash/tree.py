"""The elements of a manifest, each with its place in the text; none of those in which nothing can be rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from gateway.manifests.link import MOST, MalformedManifest

DEEPEST = 100
"""Elements inside one another; an MPD has about ten, and what its events carry a few more."""

_READ_IN_ANY_CASE = (
    "MPD Period AdaptationSet Representation BaseURL SegmentTemplate SegmentList SegmentURL Initialization"
)
_USUAL = {name.lower(): name for name in _READ_IN_ANY_CASE.split()}
"""The names of elements that FFmpeg reads in any case, and so would follow where the gateway had not looked."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_TAG = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*/?>")
_ATTRIBUTE = re.compile(rb"\s(?P<name>[^\s=<]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml(?:\s+\w+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*\?>)?")
_ASIDE = re.compile(
    rb"<!--(?P<comment>.*?)(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?(?!xml\s)(?P<told>.*?)(?:\?>|\Z)", re.DOTALL
)
_ENDS_EARLY = (b">", b"->")
_MARKUP = re.compile(rb"[<>\"']")
_ENCODING = re.compile(rb"\sencoding\s*=\s*[\"']([^\"']*)")
_LIKE_ASCII = re.compile(
    rb"utf-?8|utf-?16|(?:us-)?ascii|iso[-_]?8859[-_]?\d+|(?:windows-|cp)(?:125\d|874)|koi8-\w|euc[-_]\w+|latin-?\d+|"
    rb"gb\w+|big5|shift_jis",
    re.IGNORECASE,
)
"""Encodings in which the signs of XML are what they are in UTF-8. FFmpeg reads what is declared, and in others, such as
UTF-7, would see elements where there are none here. UTF-16, which .NET says of what it then writes in UTF-8, would show
none at all: each of its signs has a byte that is zero, and XML has none."""

_LONGEST_TEXT = 64 * 1024
"""Characters of an element's text that are kept: a reference is never so long, what protects content may be longer."""

_OUTER = b"<_>"
"""What is put round the elements, which may be several in a fragment (section 5.5.3)."""


@dataclass(slots=True)
class Element:
    """An element without its namespace. ``start`` is where its tag begins and ``content`` where that ends, in bytes;
    ``end`` is where the end tag begins, if it has one: it has not if it ``is_bare``. ``prefix`` is empty or ends in a
    colon; ``text`` is what stands in it itself, and it ``has_elements`` if there are others in it, wanted or not."""

    name: str
    prefix: str
    attributes: dict[str, str]
    start: int
    content: int = 0
    end: int = 0
    is_bare: bool = False
    text: str = ""
    children: list[Element] = field(default_factory=list)
    has_elements: bool = False

    def named(self, *names: str) -> Iterator[Element]:
        """The children of these names."""
        return (child for child in self.children if child.name in names)

    def after(self, text: bytes) -> int:
        """Where it is over."""
        return self.content if self.is_bare else text.index(b">", self.end) + 1

    def values(self, text: bytes) -> Iterator[tuple[str, int, int]]:
        """Its attributes as they stand in the text: the name, and where the value with its quotes begins and ends."""
        for found in _ATTRIBUTE.finditer(text, self.start, self.content):
            yield found["name"].decode(), found.start("value"), found.end("value")


def plain(text: bytes) -> bytes:
    """A manifest without the comments and processing instructions that the parsers of dash.js and Shaka take to end
    before they do: at ``<!-->``, and at the first ``>``. What stood in them would be elements there."""
    return _ASIDE.sub(_plain_aside, text) if b"<!-->" in text or b"<!--->" in text or b"<?" in text else text


def _plain_aside(found: re.Match[bytes]) -> bytes:
    ends_early = found["comment"] is not None and found["comment"].startswith(_ENDS_EARLY)
    return b"" if ends_early or (found["told"] and _MARKUP.search(found["told"])) else found[0]


Wanted = Callable[[Element], bool]
"""Whether something can be rewritten in an element, or depends on it."""


def read(text: bytes, wanted: Wanted) -> Element:
    """Something round the root elements of a manifest. What is not ``wanted`` stands in it only around what is.

    Raises `MalformedManifest` for what is not well-formed XML in UTF-8, for any DTD (entities are how XML explodes; and
    where something stands round the root there can be none), and for one too large or too deep to work through.
    """
    if text.startswith(_UTF_16):
        raise MalformedManifest("The origin's DASH manifest is in UTF-16; the gateway reads UTF-8.")
    reader = _Reader(text, wanted)
    encoding = _ENCODING.search(text, 0, reader.body)
    if encoding and not _LIKE_ASCII.fullmatch(encoding[1]):
        told = encoding[1][:20].decode("ascii", "replace")
        raise MalformedManifest(f"The origin's DASH manifest is in {told}; the gateway reads UTF-8.")
    try:
        reader.read()
    except expat.ExpatError as error:
        raise MalformedManifest(f"The origin's DASH manifest is not well-formed XML: {error}.") from error
    if reader.is_empty:
        raise MalformedManifest("The origin's DASH manifest has no element.")
    return reader.outer


class _Reader:
    """Builds the tree as expat tells of the elements."""

    def __init__(self, text: bytes, wanted: Wanted) -> None:
        self._text = text
        self._wanted = wanted
        declaration = _DECLARATION.match(text)
        self.body = declaration.end() if declaration else 0
        self.outer = Element("", "", {}, 0)
        self._open: list[Element] = []
        self._kept = 0
        self.is_empty = True
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data

    def read(self) -> None:
        """Read it all."""
        self._parser.Parse(_OUTER, False)  # noqa: FBT003 - expat's own signature
        self._parser.Parse(memoryview(self._text)[self.body :], False)  # noqa: FBT003
        self._parser.Parse(b"</_>", True)  # noqa: FBT003

    def _place(self) -> int:
        return self._parser.CurrentByteIndex - len(_OUTER) + self.body

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > DEEPEST:
            raise MalformedManifest(f"The origin's DASH manifest nests more than {DEEPEST} elements.")
        prefix, colon, local = name.rpartition(":")
        local = _USUAL.get(local.lower(), local)
        element = Element(local, prefix + colon, attributes, self._place()) if self._open else self.outer
        self._open.append(element)

    def _data(self, data: str) -> None:
        element = self._open[-1]
        if len(element.text) < _LONGEST_TEXT:
            element.text += data

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element is self.outer:
            return
        self.is_empty = False
        self._open[-1].has_elements = True
        if not (element.children or self._wanted(element)):
            return
        self._kept += 1
        if self._kept > MOST:
            raise MalformedManifest(f"The origin's DASH manifest has more than {MOST} elements with references.")
        tag = _TAG.match(self._text, element.start)
        if tag is None:
            raise MalformedManifest("The origin's DASH manifest has a tag that cannot be read.")
        element.content = tag.end()
        element.is_bare = tag[0].endswith(b"/>")
        element.end = element.content if element.is_bare else self._place()
        self._open[-1].children.append(element)
