"""The request that is to be explained."""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass, replace

from gateway.policy import Credential, Identity, Purpose, Route

ROUTES: tuple[Route, ...] = typing.get_args(Route)
CREDENTIALS = (Credential.KEY.value, Credential.SESSION.value)

_PURPOSES = {"api": Purpose.MEDIA, "auth": Purpose.SESSION, "grant": Purpose.GRANT}
_NAMING = ("api", "grant")
_PAGE = re.compile(r"null|https?://[^/?#@\s]+")
_SECRET = re.compile(r"sg_.*|[0-9A-Za-z]{8}_[0-9A-Za-z]{38}|eyJ[^.]*\.[^.]+\.[^.]*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on a route, by key or by session token; ``url`` and ``page`` (the web origin of the page that asks) are
    empty if there are none."""

    route: Route
    credential: Credential = Credential.KEY
    url: str = ""
    page: str = ""

    @property
    def purpose(self) -> Purpose:
        """What the route is for."""
        return _PURPOSES.get(self.route, Purpose.ACCOUNT)

    def by(self, identity: Identity) -> Identity:
        """The key's identity as it makes this request: in a viewing session that has not begun."""
        if self.credential is not Credential.KEY:
            return replace(identity, credential=self.credential, session_id="explained")
        if self.purpose is Purpose.MEDIA:
            return identity.viewing("explained", self.url.rpartition("/")[0])
        return identity


def asked(route: str, credential: str, url: str, page: str) -> tuple[Asked, ...]:
    """What is to be explained: the request that is named, for media if there is a url; else a plain one and, of a key,
    one for a token. Raise `ValueError` with what would be right if there is no such request."""
    if credential not in CREDENTIALS:
        raise ValueError(f"a request is made as {' or as '.join(CREDENTIALS)}, not as {credential[:40]!r}")
    if route and route not in ROUTES:
        raise ValueError(f"there is no route {route[:40]!r}; the routes are {', '.join(ROUTES)}")
    if url and route not in {"", *_NAMING}:
        raise ValueError(f"a request to {route} names no url; leave out the one or the other")
    if page and not _PAGE.fullmatch(page):
        raise ValueError(f"{page[:80]!r} is no web origin; write one as browsers do, such as https://www.example.com")
    shown = Credential(credential)
    if route == "auth" and shown is not Credential.KEY:
        raise ValueError("a session token cannot be traded for another; ask as key")
    if url:
        return (Asked("grant" if route == "grant" else "api", shown, url, page),)
    usual: tuple[Route, ...] = ("usage", "auth") if shown is Credential.KEY else ("usage",)
    named = tuple(known for known in ROUTES if known == route)
    return tuple(Asked(each, shown, "", page) for each in named or usual)


def secret_refusal(text: str) -> str | None:
    """Why a key is not to be named like this, or None. Never repeats what was given."""
    if _SECRET.fullmatch(text.strip()):
        return (
            "that is a secret, or looks like one, and belongs in no command line, history or log;"
            " name the key by its id, the 8 characters after sg_, as main.py keys list shows it"
        )
    return None
