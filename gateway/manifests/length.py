"""How long what a manifest describes will play."""

from __future__ import annotations

import math
import re
from collections import Counter

from gateway.manifests.outline import is_dynamic, is_live, presentation, seconds, tags
from gateway.manifests.sniff import Kind

# Not tied to the beginning of a line, for speed: one in the midst of another line makes what is told longer, no more.
_SEGMENT = re.compile(rb"#EXTINF:[ \t]*+([0-9]{1,9}(?:\.[0-9]{1,9})?)")


def length(kind: Kind, text: bytes) -> float | None:
    """The seconds that it plays, infinite if it is live: a playlist without EXT-X-ENDLIST, a dynamic presentation. None
    where a manifest does not tell: a multivariant playlist, and what cannot be read. Never fails, whatever the bytes.
    """
    return _of_playlist(text) if kind is Kind.HLS else _of_presentation(text)


def _of_playlist(text: bytes) -> float | None:
    told = tags(text)
    if is_live(told, text):
        return math.inf
    if all(name != b"ENDLIST" for name, _ in told):
        return None
    lasting = Counter(_SEGMENT.findall(text))  # of thousands of segments, most are of one length
    return math.fsum(float(seconds) * segments for seconds, segments in lasting.items())


def _of_presentation(text: bytes) -> float | None:
    attributes = presentation(text)
    if attributes is None:
        return None
    if is_dynamic(attributes):
        return math.inf
    return seconds(attributes.get("mediaPresentationDuration", "")) or None
