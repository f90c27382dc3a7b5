"""What a browser would let a page read (Fetch, section 3.3): from the origin itself, and through the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.seen import Got, Seen

ANY_PAGE = "null"
"""The origin of a page that hides it: what only ``*``, or an echo, admits."""

PAGE_REFUSED = "page_refused"
"""The code of a finding by which the gateway itself refuses the page."""

_SAFE = frozenset({"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified"})
"""Fields that a page may always read (Fetch, section 2.2.2)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page may do with an answer: read it, and which fields of it. ``allows`` is the Access-Control-Allow-Origin
    as it came, empty if none did."""

    readable: bool
    allows: str
    hidden: tuple[str, ...] = ()


def reading(got: Got, page: str) -> Reading:
    """By what the origin answered to a request of this page, without credentials."""
    allowed = got.head.get("Access-Control-Allow-Origin").strip()
    exposed = {name.strip().lower() for name in got.head.get("Access-Control-Expose-Headers").split(",")}
    wanted = [name for name in ("Content-Length", "Content-Range", "Date") if got.head.get(name)]
    hidden = [name for name in wanted if name.lower() not in exposed | _SAFE and "*" not in exposed]
    return Reading(allowed in {"*", page}, allowed, tuple(hidden))


def cors_findings(steps: Iterable[Seen], page: str) -> Sequence[Finding]:
    """What a page could not read from the origin itself."""
    found = []
    for seen in steps:
        if seen.paged is None or seen.good is None:
            continue
        told = reading(seen.paged, page)
        if told.readable and seen.paged.is_good:
            continue
        found.append(
            Finding("cors", Weight.DIRECT, _cause(seen, seen.paged, told, page), _change(page), (seen.step.name,))
        )
    return found


def _cause(seen: Seen, got: Got, told: Reading, page: str) -> str:
    host = urlsplit(seen.url).netloc
    who = "no web page" if page == ANY_PAGE else f"a page of {page}"
    if not got.is_good:
        return f"{host} answers {got.head.status} to a browser's request, which names its page"
    if not told.allows:
        return (
            f"{who} can read what {host} sends: it sends no Access-Control-Allow-Origin"
            if page == ANY_PAGE
            else (f"{who} cannot read what {host} sends: it sends no Access-Control-Allow-Origin")
        )
    if page == ANY_PAGE:
        return f"only pages of {told.allows[:80]} can read what {host} sends"
    return f"{who} cannot read what {host} sends: its Access-Control-Allow-Origin is {told.allows[:80]}"


def _change(page: str) -> str:
    wanted = "*" if page == ANY_PAGE else page
    return f"give pages the gateway's address, or let the origin send Access-Control-Allow-Origin: {wanted}"


def mixed(url: str, page: str) -> Finding | None:
    """A page by https may not fetch by http (Mixed Content, section 5.3), but from this machine itself."""
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "http" or not page.startswith("https:") or local:
        return None
    cause = f"a page by https may not fetch from {parts.netloc} by http (mixed content)"
    return Finding("mixed_content", Weight.STOPS, cause, "serve the gateway by https", ("the address",))
