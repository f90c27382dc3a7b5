"""The levels of a presentation, and which bases hold at the innermost (section 5.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.manifests.dash.base import MOST_ALTERNATIVES, Bases, moved
from gateway.manifests.dash.tree import Element

LEVELS = ("Period", "AdaptationSet", "Representation")
SEGMENTS = ("SegmentTemplate", "SegmentList", "SegmentBase")
"""What tells of the segments of all representations further in."""


def outer_of(child: Element, outer: Bases) -> Bases:
    """The bases that a BaseURL is resolved against, where the outer ones hold. Where there is steering, Shaka resolves
    one with a serviceLocation against the manifest's own address, and so none carries it; but several outer ones still
    do, for it has to stand for each of them."""
    if len(outer) > 1 or not (outer[0].steered and "serviceLocation" in child.attributes and child.text.strip()):
        return outer
    return (replace(outer[0], carried=""),)


def bases_in(element: Element, outer: Bases) -> Bases:
    """The bases within an element that stands where the outer ones hold."""
    own = [base for child in element.named("BaseURL") for base in _moved(child, outer)]
    return tuple(own[:MOST_ALTERNATIVES]) or outer


def _moved(child: Element, outer: Bases) -> Bases:
    return moved(outer_of(child, outer), child.text.strip())


def leaves(element: Element, bases: Bases) -> Iterator[Bases]:
    """The bases of each representation in an element, or of the element if there is none."""
    levels = list(element.named(*LEVELS))
    bases[0].effort.spend(len(levels))
    for child in levels:
        yield from leaves(child, bases_in(child, bases))
    if not levels:
        yield bases
