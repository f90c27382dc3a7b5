"""What a DASH player would fetch: a plain reading of ISO/IEC 23009-1, section 5.6, by another parser and resolver."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

_REFERENCES = ("media", "initialization", "index", "sourceURL")
_LEVELS = {"Period", "AdaptationSet", "Representation"}


def fetched(text: bytes, url: str) -> list[str]:
    """The URL of each segment, or template of segments, of a manifest read at ``url``, in document order."""
    return list(_within(ET.fromstring(text), url, []))


def _within(level: ET.Element, outer: str, inherited: list[ET.Element]) -> Iterator[str]:
    base = urljoin(outer, next((_text(child) for child in level if _name(child) == "BaseURL"), ""))
    segments = inherited + [child for child in level if _name(child).startswith("Segment")]
    for child in level:
        if _name(child) in _LEVELS:
            yield from _within(child, base, segments)
    if _name(level) == "Representation":
        yield from (urljoin(base, reference) for element in segments for reference in _references(element))


def _references(segments: ET.Element) -> Iterator[str]:
    for element in segments.iter():
        yield from (element.attrib[name].strip() for name in _REFERENCES if name in element.attrib)


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()
