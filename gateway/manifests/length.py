"""How long what a manifest describes will play."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from gateway.manifests.duration import seconds
from gateway.manifests.outline import is_dynamic, is_live, presentation, tags
from gateway.manifests.sniff import Kind


@dataclass(frozen=True, slots=True)
class Length:
    """``seconds`` that it plays, infinite if it is live, None if that is not told. ``read_in_place`` if players read it
    again and again at one address, or did until it ended, and compare what they find: HLS, live or an EVENT."""

    seconds: float | None = None
    read_in_place: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it has no end yet."""
        return self.seconds == math.inf


# Not tied to the beginning of a line, for speed: one in the midst of another line makes what is told longer, no more.
_SEGMENT = re.compile(rb"#EXTINF:[ \t]*+([0-9]{1,9}(?:\.[0-9]{1,9})?)")


def length(kind: Kind, text: bytes) -> Length:
    """How long it plays: without end if it is a playlist without EXT-X-ENDLIST, or a dynamic presentation. A
    multivariant playlist does not tell, nor what cannot be read. Never fails, whatever the bytes.
    """
    return _of_playlist(text) if kind is Kind.HLS else Length(_of_presentation(text))


def _of_playlist(text: bytes) -> Length:
    told = tags(text)
    if is_live(told, text):
        return Length(math.inf, read_in_place=True)
    if all(name != b"ENDLIST" for name, _ in told):
        return Length()
    lasting = Counter(_SEGMENT.findall(text))  # of thousands of segments, most are of one length
    total = math.fsum(float(each) * segments for each, segments in lasting.items())
    return Length(total, any(name == b"PLAYLIST-TYPE" and value.strip() == b":EVENT" for name, value in told))


def _of_presentation(text: bytes) -> float | None:
    attributes = presentation(text)
    if attributes is None:
        return None
    if is_dynamic(attributes):
        return math.inf
    told = seconds(attributes.get("mediaPresentationDuration", ""))
    return told if told and told > 0 else None
