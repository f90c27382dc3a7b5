"""The levels of a presentation, and which bases hold at the innermost (section 5.6.4)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.manifests.dash.base import MOST_ALTERNATIVES, Bases, moved
from gateway.manifests.dash.tree import Element

LEVELS = ("Period", "AdaptationSet", "Representation")
SEGMENTS = ("SegmentTemplate", "SegmentList", "SegmentBase")
"""What tells of the segments of all representations further in."""


def bases_in(element: Element, outer: Bases) -> Bases:
    """The bases within an element that stands where the outer ones hold."""
    own = [base for child in element.named("BaseURL") for base in moved(outer, child.text.strip())]
    return tuple(own[:MOST_ALTERNATIVES]) or outer


def leaves(element: Element, bases: Bases) -> Iterator[Bases]:
    """The bases of each representation in an element, or of the element if there is none."""
    levels = list(element.named(*LEVELS))
    bases[0].effort.spend(len(levels))
    for child in levels:
        yield from leaves(child, bases_in(child, bases))
    if not levels:
        yield bases
