"""Response header fields that the gateway itself puts on its answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache

from gateway.policy import Quota

_OF_SHARED = re.compile(r"public|private|proxy-revalidate|s-maxage=.*", re.IGNORECASE)

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Content-Length, Content-Range, Accept-Ranges, Age, Date, ETag, Last-Modified, Retry-After, RateLimit,"
        " RateLimit-Policy, Server-Timing, X-Request-Id"
    ),
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
}
"""On every answer, errors too: a page that cannot read a 401 cannot fetch a new token."""

BEGINNING = {name: [value] for name, value in CORS.items()} | {"Content-Type": ["text/html; charset=UTF-8"]}
"""What every answer begins with, as `Fields` files it."""

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Range, If-Range, If-None-Match, If-Modified-Since, Authorization, X-API-Key, X-Session-Token, Content-Type,"
        " SOAPAction,"
        " CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session, traceparent, tracestate"
    ),
    "Access-Control-Max-Age": "86400",
}


@lru_cache(1)
def date(second: int) -> str:
    """A second since the epoch as the Date field tells it (RFC 9110, section 6.6.1)."""
    return formatdate(second, usegmt=True)


@lru_cache(64)
def private(told: str) -> str:
    """The same Cache-Control field for the asker's own cache alone (RFC 9111, section 5.2.2.7): a shared one would hold
    on to what an address opens when its key is revoked."""
    kept = [each for part in told.split(",") if (each := part.strip()) and not _OF_SHARED.fullmatch(each)]
    return ", ".join(["private", *kept])


UNTRUSTED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""On all that is relayed: an origin's HTML or SVG must not script under the gateway's own address."""


def rate_limit(quotas: Sequence[Quota]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit, each a List of Strings with parameters
    (draft-ietf-httpapi-ratelimit-headers-11)."""
    if not quotas:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{quota.policy}";q={quota.limit};w={quota.window}' for quota in quotas),
        "RateLimit": ", ".join(f'"{quota.policy}";r={quota.remaining};t={quota.reset}' for quota in quotas),
    }
