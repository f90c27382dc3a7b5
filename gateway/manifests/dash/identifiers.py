"""What players put into a template (section 5.3.9.4.4): what a representation calls itself can make a relative
reference one that names another host."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.manifests.dash.tree import Element
from gateway.manifests.link import MalformedManifest

FILLED = ("id", "bandwidth")
"""The attributes of a representation that are put in; dash.js takes any text for a bandwidth."""

_COMES_FIRST = re.compile(r"[^/?#]*\$(?:RepresentationID|Bandwidth)", re.IGNORECASE)
_EDGES = "".join(map(chr, range(0x21)))


def names_place(value: str) -> bool:
    """Whether a value could make a reference that it begins one to another host."""
    return ":" in value or "\\" in value or value.lstrip(_EDGES).startswith("/")


def misled(element: Element) -> bool:
    """Whether a representation, in an element or itself, has such a value."""
    return any(names_place(value) for value in _values(element))


def misleading() -> MalformedManifest:
    """What to raise where the templates that a representation is for are elsewhere."""
    return MalformedManifest("The origin's DASH fragment names a representation by an address, which templates follow.")


def beneath(template: str) -> str | None:
    """A relative template that stays relative whatever is put in; None if it does so as it is."""
    return f"./{template}" if _COMES_FIRST.match(template) else None


def _values(element: Element) -> Iterator[str]:
    if element.name == "Representation":
        yield from (element.attributes.get(name, "") for name in FILLED)
    for child in element.children:
        yield from _values(child)
