"""Which header fields travel between a player and an origin. Lists of what passes, never of what does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gateway.origins.head import Head

Fields = Sequence[tuple[str, str]]
_TRACE = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_TRACEPARENT = re.compile(f"00{_TRACE}|(?!00|ff)[0-9a-f]{{2}}{_TRACE}(-.{{1,200}})?")  # only later versions may add
_CHARSET = re.compile(
    r";[ \t]*charset[ \t]*=[ \t]*(?!\"?(?:utf-?8|(?:us-)?ascii|iso-8859-\d+|windows-125\d)\"?[ \t]*(?:;|\Z))[^;]*",
    re.IGNORECASE,
)
"""A charset in which what is no manifest in UTF-8 could be one, to a player that decodes by it."""

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
_AS_THEY_COME = TO_CLIENT - {"content-length"}


def to_origin(asked: Mapping[str, str]) -> dict[str, str]:
    """The fields of a player's request that its origin is sent."""
    return {name: asked[name] for name in TO_ORIGIN if name in asked}


def posting(asked: Mapping[str, str]) -> dict[str, str]:
    """The fields of a request to a licence server that it is sent; SOAPAction is what PlayReady's are asked for. Where
    there is no type, none is told: libcurl would tell that of a form."""
    told = {name: asked[name] for name in ("Content-Type", "Accept", "SOAPAction") if name in asked}
    return {"Content-Type": "", **told}


def tracing(asked: Mapping[str, str]) -> dict[str, str]:
    """The trace that a request belongs to, passed on as it came (W3C Trace Context, section 4.3: a vendor that takes no
    part forwards both fields); nothing if it is not well formed."""
    if "traceparent" not in asked or not _TRACEPARENT.fullmatch(asked["traceparent"]):
        return {}
    return {name: asked[name] for name in ("traceparent", "tracestate") if name in asked}


def trace_id(fields: Mapping[str, str]) -> str:
    """The trace's id among fields that `tracing` gave, or nothing."""
    return fields["traceparent"].split("-")[1] if "traceparent" in fields else ""


def to_client(head: Head) -> Fields:
    """The fields of an origin's answer that the player is sent, in order.

    Of a type, no charset passes that is not like ASCII.

    Hop-by-hop fields, cookies, the origin's quotas and what would bind the browser to rules for another host
    (Set-Cookie, RateLimit, Alt-Svc, Strict-Transport-Security, Content-Security-Policy) do not pass, nor does a value
    that is not one (RFC 9110, section 5.5).
    """
    passing = [
        (name, _CHARSET.sub("", value) if name.lower() == "content-type" else value)
        for name, value in head.fields
        if name.lower() in _AS_THEY_COME and (value.isprintable() or not _CONTROL.search(value))
    ]
    if head.length is not None:
        passing.append(("Content-Length", str(head.length)))
    return passing
