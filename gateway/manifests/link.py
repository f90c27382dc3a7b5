"""A reference in a manifest, and where it is to lead."""

from __future__ import annotations

import re
from collections.abc import Callable

import ada_url

from gateway.problem import OriginUnreachable

Link = Callable[[str, str], str | None]
"""Takes a reference as the manifest has it, and the absolute URL that it resolves to; returns what to write in its
place, or None to leave its bytes exactly as they are."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HTTP = re.compile(r"https?:", re.IGNORECASE)


class MalformedManifest(OriginUnreachable):
    """The origin's manifest cannot be read, and so cannot be made to lead through the gateway."""


def resolve(reference: str, base: str) -> str | None:
    """The absolute http(s) URL of a reference, or None for what is not fetched by http (``data:``, ``skd:``, ``urn:``),
    for nothing, and for what does not parse."""
    if not reference or (_SCHEME.match(reference) and not _HTTP.match(reference)):
        return None
    try:
        return ada_url.join_url(base, reference)
    except ValueError:
        return None


def written(reference: str, base: str, link: Link) -> str | None:
    """What to write in place of a reference, or None to leave it."""
    absolute = resolve(reference, base)
    return None if absolute is None else link(reference, absolute)
