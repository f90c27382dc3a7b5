"""URLs and an origin's own words, as they are told: without what may be a secret, and harmless to a terminal."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_HARMLESS = re.compile(
    r"(?:_HLS_(?:msn|part|skip)|v|version|quality|bitrate|start|end|t|lang|format|id)=[A-Za-z0-9._-]{0,15}"
)
_TOKEN = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JWT
    r"|(?:hmac|hdnea|hdnts|exp|st|acl|token|bcdn_token|sig|signature|expires|policy|key)=[^/]*"  # CDNs, in the path
    r"|(?=[\w-]*[0-9])(?=[\w-]*[a-zA-Z])[\w-]{40,}",  # long, and of letters and digits: a signature, or as good as one
    re.IGNORECASE,
)
_LONG = re.compile(r"(?=\S*[0-9])\S{24,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_MOST = 160


def shown(url: str) -> str:
    """A URL for people and logs: what may be a signature is cut from its query and its path."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL at all
        return plain(url.partition("?")[0])
    if not parts.netloc:
        return plain(url.partition("?")[0])
    path = "/".join("…" if _TOKEN.fullmatch(unquote(part)) else part for part in parts.path.split("/"))
    query = parts.query
    if query and not all(_HARMLESS.fullmatch(field) for field in query.split("&")):
        query = "…"
    return plain(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}{f'?{query}' if query else ''}")


def plain(text: str, most: int = _MOST) -> str:
    """Words of somebody else, on one line, without control characters, cut to a length."""
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(body: bytes, secret: str) -> str:
    """What an error page says, short: its title, its ``Message`` or ``message``, or its beginning; empty if nothing can
    be read. Nothing of it that stands in ``secret`` (a URL's query), or may be one, is repeated."""
    text = body[:8192].decode("utf-8", "replace")
    found = re.search(
        r"<title[^>]*>(.*?)</title>|<Message>(.*?)</Message>|\"(?:message|error|detail)\"\s*:\s*\"(.*?)\"",
        text,
        re.S | re.I,
    )
    if found:
        text = next(group for group in found.groups() if group is not None)
    elif "<" in text or "�" in text:
        return ""
    for value in sorted((unquote(field.partition("=")[2]) for field in secret.split("&")), key=len, reverse=True):
        if len(value) >= 6:
            text = text.replace(value, "…")
    return plain(_LONG.sub("…", text), 80)
