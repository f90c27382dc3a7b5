"""Which header fields travel between a player and an origin. Lists of what passes, never of what does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Fields = tuple[tuple[str, str], ...]
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

TO_ORIGIN = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
"""Conditional and range fields (RFC 9110, sections 13 and 14) are the player's business with the origin."""

TO_CLIENT = frozenset(
    {
        "accept-ranges",
        "age",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "retry-after",
        "vary",
        "warning",
    }
)


def to_origin(asked: Mapping[str, str]) -> dict[str, str]:
    """The fields of a player's request that its origin is sent."""
    return {name: asked[name] for name in TO_ORIGIN if name in asked}


def to_client(status: int, fields: Iterable[tuple[str, str]]) -> Fields:
    """The fields of an origin's answer that the player is sent, in order.

    Hop-by-hop fields, cookies, the origin's quotas and what would bind the browser to rules for another host
    (Set-Cookie, RateLimit, Alt-Svc, Strict-Transport-Security, Content-Security-Policy) do not pass, nor does a value
    that is not one (RFC 9110, section 5.5).
    """
    fields = list(fields)
    passing = [(name, value) for name, value in fields if name.lower() in TO_CLIENT and not _CONTROL.search(value)]
    length = _length(status, fields)
    described = [(name, value) for name, value in passing if name.lower() != "content-length"]
    return (*described, *([("Content-Length", length)] if length else []))


def _length(status: int, fields: Iterable[tuple[str, str]]) -> str:
    """The length of the body as it is passed on, or nothing where none was told that holds.

    Transfer-Encoding overrides a length beside it, and a length that stands twice is one (RFC 9112, section 6.3).
    """
    lower = [(name.lower(), value) for name, value in fields]
    if status == 204 or any(name == "transfer-encoding" for name, _ in lower):
        return ""
    lengths = {part.strip() for name, value in lower if name == "content-length" for part in value.split(",")}
    length = lengths.pop() if len(lengths) == 1 else ""
    return length if length.isascii() and length.isdigit() else ""
