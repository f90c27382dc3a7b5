"""How old a manifest may be given out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from xml.parsers import expat

from gateway.manifests import Kind

UNTOLD = 1.0
"""Seconds that a live manifest may be old if it does not tell when it changes, or cannot be read."""

_SHARE = 0.5
_TAG = re.compile(rb"#EXT-X-(ENDLIST|STREAM-INF|TARGETDURATION|PART-INF|SERVER-CONTROL)(?![A-Z0-9-])")
_TARGET = re.compile(rb":[ \t]*+([0-9]{1,9}(?:\.[0-9]{0,9})?)")
_PART_TARGET = re.compile(rb"[:,][ \t]*+PART-TARGET=([0-9]{1,9}(?:\.[0-9]{0,9})?)")
_BLOCKING = re.compile(rb"[:,][ \t]*+CAN-BLOCK-RELOAD=YES(?![A-Za-z])")
_MOST_TAGS = 1000  # a playlist has one of each
_BEFORE = 16
_BLANK = b" \t\xef\xbb\xbf"  # with the byte order mark
_LONGEST_LINE = 1024
_DURATION = re.compile(
    r"P(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]*+)?)S)?)?"
)
_UNITS = (365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1)


def most_stale(kind: Kind, text: bytes) -> float | None:
    """The seconds that a manifest may be old when it is given out; None if it does not change. Half of what a live one
    tells of its changes: the target duration of an HLS playlist (of its parts, where players may wait for them), the
    update period of a DASH manifest, or the duration of its segments. Never fails, whatever the bytes.
    """
    return _of_playlist(text) if kind is Kind.HLS else _of_presentation(text)


def _of_playlist(text: bytes) -> float | None:
    targets, parts, blocking = [], [], False
    for tag, rest in _tags(text):
        if tag in {b"ENDLIST", b"STREAM-INF"}:
            return None
        if tag == b"TARGETDURATION":
            targets.append(_told(_TARGET.match(rest)))
        elif tag == b"PART-INF":
            parts.append(_told(_PART_TARGET.search(rest)))
        else:
            blocking = blocking or _BLOCKING.search(rest) is not None
    if not targets and b"#EXTINF" not in text:
        return None  # nothing of a media playlist
    return _SHARE * min(parts) if blocking and parts else _SHARE * min(targets) if targets else UNTOLD


def _tags(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The tags that matter, with the rest of their lines. They are looked for, rather than lines, for speed; what
    stands before one on its line is looked at within bounds."""
    for found in islice(_TAG.finditer(text), _MOST_TAGS):
        before = text[max(0, found.start() - _BEFORE) : found.start()].rstrip(_BLANK)
        if before.endswith((b"\n", b"\r")) or (not before and found.start() <= _BEFORE):
            line = text[found.end() : found.end() + _LONGEST_LINE]
            yield found[1], re.split(rb"[\r\n]", line, maxsplit=1)[0]


def _told(duration: re.Match[bytes] | None) -> float:
    """A duration in seconds; a second for what is none, or none at all."""
    return (float(duration[1]) if duration else 0.0) or 1.0


class _RootError(Exception):
    """The parser has come to the first element, which is all that is read."""


def _of_presentation(text: bytes) -> float | None:
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
        return _of_attributes(attributes)
    except expat.ExpatError:
        pass  # nobody is given it: it cannot be rewritten either
    return UNTOLD


def _of_attributes(attributes: dict[str, str]) -> float | None:
    if attributes.get("type", "").strip() != "dynamic":
        return None
    told = _seconds(attributes.get("minimumUpdatePeriod", "")) or _seconds(attributes.get("maxSegmentDuration", ""))
    return told * _SHARE if told else UNTOLD


def _seconds(duration: str) -> float:
    """An ISO 8601 duration in seconds; 0 for what is none, or below zero."""
    found = _DURATION.fullmatch(duration.strip())
    return sum(float(number or 0) * unit for number, unit in zip(found.groups(), _UNITS, strict=True)) if found else 0.0
