"""What a manifest tells of itself as a whole, looked for without reading it line by line: it is asked of each that is
served. Nothing here fails, whatever the bytes, and all of it takes linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from xml.parsers import expat

_TAG = re.compile(rb"#EXT-X-(ENDLIST|PLAYLIST-TYPE|STREAM-INF|TARGETDURATION|PART-INF|SERVER-CONTROL)(?![A-Z0-9-])")
_MOST_TAGS = 1000  # a playlist has one of each
_BEFORE = 16
_BLANK = b" \t\xef\xbb\xbf"  # with the byte order mark
_LONGEST_LINE = 1024

Tag = tuple[bytes, bytes]
"""A tag of an HLS playlist, by its name without ``#EXT-X-``, and the rest of its line."""


def tags(text: bytes) -> Sequence[Tag]:
    """The tags of an HLS playlist that say what it is: whether it ends, or only grows, whether it is a multivariant
    one, and how long its segments and parts are at most."""
    return list(_tags(text))


def _tags(text: bytes) -> Iterator[Tag]:
    """They are looked for, rather than lines, for speed; what stands before one on its line is looked at within
    bounds."""
    for found in islice(_TAG.finditer(text), _MOST_TAGS):
        before = text[max(0, found.start() - _BEFORE) : found.start()].rstrip(_BLANK)
        if before.endswith((b"\n", b"\r")) or (not before and found.start() <= _BEFORE):
            line = text[found.end() : found.end() + _LONGEST_LINE]
            yield found[1], re.split(rb"[\r\n]", line, maxsplit=1)[0]


def is_live(told: Sequence[Tag], text: bytes) -> bool:
    """Whether an HLS playlist, with these tags, is a media playlist to which more will be added."""
    names = {name for name, _ in told}
    if not names.isdisjoint({b"ENDLIST", b"STREAM-INF"}):
        return False
    return b"TARGETDURATION" in names or b"#EXTINF" in text


class _RootError(Exception):
    """The parser has come to the first element, which is all that is read."""


def presentation(text: bytes) -> Mapping[str, str] | None:
    """The attributes of a DASH manifest's MPD element; None if it cannot be read that far."""
    attributes: dict[str, str] = {}

    def root(name: str, found: dict[str, str]) -> None:
        if name.rpartition(":")[2] != "MPD":
            raise expat.ExpatError("the root of something else")
        attributes.update(found)
        raise _RootError

    def refuse(*_declared: object) -> None:
        raise expat.ExpatError("a document type, which could expand without end")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = root
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own signature
    except _RootError:
        return attributes
    except expat.ExpatError:
        pass
    return None


def is_dynamic(attributes: Mapping[str, str]) -> bool:
    """Whether a presentation goes on (ISO/IEC 23009-1, section 5.3.1.2)."""
    return attributes.get("type", "").strip() == "dynamic"
