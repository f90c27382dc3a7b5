"""How old a manifest may be given out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.manifests import Kind
from gateway.manifests.duration import seconds
from gateway.manifests.outline import is_dynamic, is_live, presentation, tags

UNTOLD = 1.0
"""Seconds that a live manifest may be old if it does not tell when it changes, or cannot be read."""

_SHARE = 0.5
_TARGET = re.compile(rb":[ \t]*+([0-9]{1,9}(?:\.[0-9]{0,9})?)")
_PART_TARGET = re.compile(rb"[:,][ \t]*+PART-TARGET=([0-9]{1,9}(?:\.[0-9]{0,9})?)")
_BLOCKING = re.compile(rb"[:,][ \t]*+CAN-BLOCK-RELOAD=YES(?![A-Za-z])")


def most_stale(kind: Kind, text: bytes) -> float | None:
    """The seconds that a manifest may be old when it is given out; None if it does not change. Half of what a live one
    tells of its changes: the target duration of an HLS playlist (of its parts, where players may wait for them), the
    update period of a DASH manifest, or the duration of its segments. Never fails, whatever the bytes.
    """
    if kind is Kind.HLS:
        return _of_playlist(text)
    attributes = presentation(text)
    # One that cannot be read is given to nobody: it cannot be rewritten either.
    return UNTOLD if attributes is None else _of_presentation(attributes)


def _of_playlist(text: bytes) -> float | None:
    told = tags(text)
    if not is_live(told, text):
        return None
    targets = [_told(_TARGET.match(rest)) for name, rest in told if name == b"TARGETDURATION"]
    parts = [_told(_PART_TARGET.search(rest)) for name, rest in told if name == b"PART-INF"]
    blocking = any(_BLOCKING.search(rest) for name, rest in told if name == b"SERVER-CONTROL")
    return _SHARE * min(parts) if blocking and parts else _SHARE * min(targets) if targets else UNTOLD


def _told(duration: re.Match[bytes] | None) -> float:
    """A duration in seconds; a second for what is none, or none at all."""
    return (float(duration[1]) if duration else 0.0) or 1.0


def _of_presentation(attributes: Mapping[str, str]) -> float | None:
    if not is_dynamic(attributes):
        return None
    told = [seconds(attributes.get(name, "")) or 0.0 for name in ("minimumUpdatePeriod", "maxSegmentDuration")]
    return next((each * _SHARE for each in told if each > 0), UNTOLD)
