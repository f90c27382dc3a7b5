"""Which web page a request was made for, as its browser tells."""

from __future__ import annotations

from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders

_OWN = frozenset({"same-origin", "none"})
UNKNOWN = "null"
"""How a browser names an origin that it hides (RFC 6454, section 7.3)."""


def page_of(headers: HTTPHeaders) -> str:
    """The web origin of the page, `UNKNOWN` if a page hides it; empty if no page asks, or one of the gateway's own.

    A browser sends Origin with what a script fetches from elsewhere, but not with what an element fetches
    (``<video src>``): there Sec-Fetch-Site says whether it is from elsewhere, and Referer from where.
    """
    site = headers.get("Sec-Fetch-Site", "")
    if site in _OWN:
        return ""
    if origin := headers.get("Origin"):
        return "" if _is_own(origin, headers) else origin
    if referer := _origin(headers.get("Referer", "")):
        return "" if _is_own(referer, headers) else referer
    return UNKNOWN if site else ""


def _origin(url: str) -> str:
    """The origin of an absolute http URL, or nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


def _is_own(origin: str, headers: HTTPHeaders) -> bool:
    """Whether the page was served under the gateway's own name; behind a proxy the scheme is not known."""
    return origin.partition("://")[2] == headers.get("Host", "")
