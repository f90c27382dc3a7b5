"""What an operation of an MPD patch puts text into (RFC 5261, section 4.1; ISO/IEC 23009-1, section 5.15)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.manifests.dash.references import CALLBACK, ELEMENTS, Use, use_of

NAMES = ("add", "replace")
"""The operations that put something in."""

# One that is never closed goes to the end, and is not looked at again from within: that would take quadratic time.
_PREDICATE = re.compile(r"\[(?:'[^']*+(?:'|\Z)|\"[^\"]*+(?:\"|\Z)|[^\]'\"])*+(?:\]|\Z)")


@dataclass(frozen=True, slots=True)
class Target:
    """The ``attribute`` of an ``element`` that is meant, or, if that is empty, its text or its children; ``callback``
    tells whether it lies in a stream of callback events."""

    element: str
    attribute: str
    callback: bool

    @classmethod
    def of(cls, operation: Mapping[str, str]) -> Target:
        """By the attributes of an operation."""
        selector = operation.get("sel", "")
        steps = [_local(step) for step in _PREDICATE.sub("", selector).split("/")]
        attribute = operation.get("type", "").removeprefix("@") if operation.get("type", "").startswith("@") else ""
        if steps[-1].startswith("@"):
            attribute = steps.pop()[1:]
        elif steps[-1] == "text()":
            steps.pop()
        return cls(steps[-1] if steps else "", attribute, CALLBACK in selector)

    @property
    def use(self) -> Use | None:
        """What is done with the text that is put in, or None if it is no reference."""
        if self.callback and self.element == "Event":
            return Use.WHOLE if self.attribute in {"", "messageData"} else None
        if (self.element, self.attribute) == ("UTCTiming", "value"):
            return Use.WHOLE
        return use_of(self.element, self.attribute) if self.attribute else ELEMENTS.get(self.element)


def _local(step: str) -> str:
    return step if step.startswith("@") else step.rpartition(":")[2]
