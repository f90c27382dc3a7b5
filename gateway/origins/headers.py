"""Which header fields travel between a player and an origin. Lists of what passes, never of what does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Fields = tuple[tuple[str, str], ...]

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


def to_client(fields: Iterable[tuple[str, str]]) -> Fields:
    """The fields of an origin's answer that the player is sent, in order.

    Hop-by-hop fields, cookies, the origin's quotas and what would bind the browser to rules for another host
    (Set-Cookie, RateLimit, Alt-Svc, Strict-Transport-Security, Content-Security-Policy) do not pass.
    """
    return tuple((name, value) for name, value in fields if name.lower() in TO_CLIENT)
