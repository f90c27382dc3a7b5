"""The ``origins:`` of the file: each one origin or wildcard, or a mapping that also says how it is reached."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.origins.pattern import OriginPattern
from gateway.origins.reach import CONNECT, LONGEST_CONNECT, LONGEST_STALL, STALL, USUAL, Reach
from gateway.tiers.errors import Findings
from gateway.tiers.fields import read_fields
from gateway.tiers.nodes import Mapping, Node, Sequence
from gateway.tiers.values import text
from gateway.units import Seconds, written


@dataclass(frozen=True)
class Entry:
    """An origin in its long form."""

    url: OriginPattern
    fallback: tuple[OriginPattern, ...] = ()
    connect_timeout: Seconds = CONNECT
    stall_timeout: Seconds = STALL
    cmcd: bool = False

    @property
    def reach(self) -> Reach:
        """All but the origin itself."""
        return Reach(self.connect_timeout, self.stall_timeout, self.fallback, self.cmcd)


def read_origins(node: Node | None, findings: Findings) -> dict[OriginPattern, Reach]:
    """The origins in the file's order, with how they are reached; what is wrong with them goes to the findings."""
    read: dict[OriginPattern, Reach] = {}
    if node is None:
        return read
    if not isinstance(node, Sequence):
        what = f"origins is {node.shown}; it must be a list, each on a line of its own after a dash"
        findings.add(node.error(what))
        return read
    for item in node.items:
        with findings.collecting():
            origin, reach = _entry(item)
            if read.setdefault(origin, reach) != reach:
                raise item.error(f"{origin} stands twice, and is reached in two ways; keep one")
    return read


def _entry(node: Node) -> tuple[OriginPattern, Reach]:
    if not isinstance(node, Mapping):
        return _origin(node), USUAL
    entry = Entry(**read_fields(node, Entry))  # type: ignore[arg-type]  # by the fields' types
    findings = Findings()
    _judge_fallbacks(node, entry, findings)
    for name, longest in (("connect_timeout", LONGEST_CONNECT), ("stall_timeout", LONGEST_STALL)):
        given = node.get(name)
        if given and getattr(entry, name) > longest:
            findings.add(given.error(f"{given.shown} is too long to wait; the longest {name} is {written(longest)}"))
    findings.settle()
    return entry.url, entry.reach


def _origin(node: Node) -> OriginPattern:
    try:
        return OriginPattern.parse(text(node))
    except ValueError as error:
        raise node.error(str(error)) from error


def _judge_fallbacks(node: Mapping, entry: Entry, findings: Findings) -> None:
    """A fallback is asked for the path and query of another origin's URL: it must be one origin, and another one."""
    written_as = node.get("fallback")
    if written_as is None:
        return
    if entry.url.subdomains:
        findings.add(
            written_as.error(f"{entry.url} is many origins, which no fallback stands in for; name them one by one")
        )
        return
    items = written_as.items if isinstance(written_as, Sequence) else (written_as,)
    for item, fallback in zip(items, entry.fallback, strict=True):
        if fallback.subdomains:
            findings.add(
                item.error(f"{item.shown} is many origins; a fallback is one, such as https://backup.example.com")
            )
        if fallback == entry.url:
            findings.add(item.error(f"{item.shown} is the origin itself; a fallback is another"))
