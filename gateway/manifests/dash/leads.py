"""Where the references of a manifest lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.manifests.link import Link, whole


@dataclass(frozen=True, slots=True)
class Leads:
    """Where references lead."""

    link: Link
    licence: Link
    own: str

    def whole(self, absolute: str, link: Link) -> str | None:
        """A URL that can be followed from anywhere."""
        led = link(absolute, absolute)
        return led if led is None else whole(led, self.own)

    def reload(self, absolute: str) -> str | None:
        """Where to load the manifest anew: whole, if the scheme is known, or video.js asks the web page's host."""
        return self.whole(absolute, self.link) if self.own.startswith("http") else self.link(absolute, absolute)


def each(references: str, written: Callable[[str], str | None]) -> str | None:
    """Several references with spaces between them."""
    led = [written(reference) or reference for reference in references.split()]
    return None if led == references.split() else " ".join(led)
