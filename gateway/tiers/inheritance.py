"""Which tier builds on which, by ``extends``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.tiers.errors import Findings
from gateway.tiers.fields import nearest
from gateway.tiers.nodes import Node
from gateway.tiers.values import text

_SHOWN = 5


def parents(tiers: Iterable[str], extends: Mapping[str, Node], findings: Findings) -> dict[str, str]:
    """The tier that each tier extends, by name, of those that there are; the others are findings."""
    known = dict.fromkeys(tiers)
    found: dict[str, str] = {}
    for name, node in extends.items():
        with findings.collecting():
            parent = text(node)
            if parent not in known:
                right = nearest(parent, [other for other in known if other != name]) if len(known) > 1 else "add it"
                raise node.error(f"there is no tier {node.shown} to extend; {right}")
            found[name] = parent
    return found


def parents_first(tiers: Iterable[str], parents: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """The tiers, each after the one that it extends; and the circles among them, each from tier to parent."""
    order: dict[str, None] = {}
    circles = []
    for name in tiers:
        line: dict[str, None] = {}
        above: str | None = name
        while above is not None and above not in order and above not in line:
            line[above] = None
            above = parents.get(above)
        if above in line:
            circles.append([*line][[*line].index(above) :])
        order |= dict.fromkeys(reversed(line))
    return list(order), circles


def told(circle: list[str]) -> str:
    """What is wrong with a circle; a long one is cut short."""
    names = circle if len(circle) <= _SHOWN else [*circle[:_SHOWN], "..."]
    line = " -> ".join([*names, circle[0]])
    return f"the tiers extend each other in a circle: {line}; let one of them stand by itself"
