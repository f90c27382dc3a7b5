"""The address that somebody has in hand: the origin's own, or the gateway's, with a credential in it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from gateway.identity import Scope
from gateway.playback.query import is_of_api, of_origin, with_directives

_PLAY = re.compile(r"/play/(?P<grant>[^/]+)/(?P<authority>[^/]+)(?P<path>/.*)", re.DOTALL)
_API = re.compile(r"/api/?")


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` is the origin's. ``gateway`` is where the gateway was to be asked, empty if the address is the origin's;
    ``token`` and ``grant`` are what was in it. ``trouble`` is what is wrong with the address itself."""

    url: str
    gateway: str = ""
    token: str = field(default="", repr=False)
    grant: str = field(default="", repr=False)
    trouble: str = ""

    def covered_by(self, scope: Scope) -> bool:
        """Whether a grant's scope opens it."""
        scheme, _, rest = self.url.partition("?")[0].partition("://")
        authority, slash, path = rest.partition("/")
        return scope.covers(f"{scheme}://{authority}", slash + path)


def read_address(text: str) -> Address:
    """What an address leads to: ``/api?url=...`` and ``/play/<grant>/<host>/<path>`` are taken for a gateway's."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return Address(text)
    gateway = f"{parts.scheme}://{parts.netloc}"
    fields = parse_qsl(parts.query, keep_blank_values=True)
    urls = [value for name, value in fields if name == "url"]
    if _API.fullmatch(parts.path) and urls:
        return _of_api(gateway, with_directives(urls[0], parts.query), fields)
    play = _PLAY.fullmatch(parts.path)
    if play is None or not play["grant"].startswith("eyJ"):
        return Address(text)
    query = of_origin(parts.query)
    scheme = _audience(play["grant"]).partition("://")[0] or "https"
    url = f"{scheme}://{play['authority']}{play['path']}{f'?{query}' if query else ''}"
    return Address(url, gateway, grant=play["grant"])


def _of_api(gateway: str, url: str, fields: Sequence[tuple[str, str]]) -> Address:
    token = next((value for name, value in fields if name == "token"), "")
    stray = [name for name, _ in fields if not is_of_api(name)]
    trouble = ""
    if stray:
        trouble = "the address has fields beside url that the gateway does not know: url is not percent-encoded whole"
    elif token.startswith("sg_"):
        trouble = "the address holds a key where only a session token may stand"
    return Address(url, gateway, token, trouble=trouble)


def _audience(grant: str) -> str:
    """What a grant says that it opens, not verified; empty if it cannot be read."""
    try:
        claims = grant.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, IndexError):
        return ""
    return str(told.get("aud", "")) if isinstance(told, dict) else ""
