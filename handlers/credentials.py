"""Which credential a request shows, wherever it may stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tornado.httputil import HTTPHeaders

from gateway.policy import Credential
from gateway.problem import BadRequest, MissingKey

_BEARER = re.compile(r"Bearer +(?P<text>\S.*)", re.IGNORECASE)
_JWT = re.compile(r"eyJ[^.]*\.[^.]+\.[^.]*")


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential as the request carries it, not yet verified. Its text is kept out of ``repr``."""

    kind: Credential
    text: str = field(repr=False)

    def misplaced(self) -> str:
        """What would be right, where a key stands in a token's place or a token in a key's; else nothing."""
        if self.kind is Credential.SESSION and self.text.startswith("sg_"):
            return "This looks like an API key: send it as X-API-Key, and never in an address."
        if self.kind is Credential.KEY and _JWT.fullmatch(self.text):
            return "This looks like a session token: send it as X-Session-Token."
        return ""


def shown(headers: HTTPHeaders, query: Mapping[str, Sequence[bytes]]) -> Shown | None:
    """The one credential of a request, or None.

    Raises `BadRequest` if there are two, in any of the four places, and `MissingKey` for an Authorization field that
    is not a bearer token (RFC 6750, section 2.1).
    """
    found = [_bearer(text) for text in headers.get_list("Authorization")]
    found += [Shown(Credential.KEY, text) for text in headers.get_list("X-API-Key")]
    found += [Shown(Credential.SESSION, text) for text in headers.get_list("X-Session-Token")]
    found += [Shown(Credential.SESSION, text.decode("latin-1")) for text in query.get("token", ())]
    if len(found) > 1:
        raise BadRequest("The request carries more than one credential; send one key or one session token.")
    return found[0] if found else None


def _bearer(field: str) -> Shown:
    bearer = _BEARER.fullmatch(field.strip())
    if not bearer:
        raise MissingKey("The Authorization field must read: Bearer, a space, and a key or a session token.")
    text = bearer["text"]
    return Shown(Credential.SESSION if _JWT.fullmatch(text) else Credential.KEY, text)
