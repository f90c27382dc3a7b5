"""Notes: what the gateway tells itself by way of a player, which carries them in a query field.

A note opens nothing: it stands beside a grant of the same key and viewing session, and holds for as long as that does.
"""

from __future__ import annotations

import hashlib

from gateway.identity.gate import ISSUER, PATHWAY, VARIABLES, Claims, Kind, open_token, sign
from gateway.identity.keyring import Keyring
from gateway.identity.seen import Seen
from gateway.policy import Identity
from gateway.problem import InvalidToken


class NoteTooLongError(Exception):
    """There is more to note than a query field may carry."""


class Notes:
    """Signs and reads with one key ring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._variables = Seen(lambda text: open_token(text, VARIABLES, keyring))
        self._pathways = Seen(lambda text: open_token(text, PATHWAY, keyring))

    def sign_variables(self, identity: Identity, url: str, note: str) -> str:
        """Note something, not empty, for who asks for ``url``; raise `NoteTooLongError`."""
        return self._sign(VARIABLES, identity, _name(url), note)

    def sign_pathway(self, identity: Identity, host: str) -> str:
        """Note a host, not empty; raise `NoteTooLongError`."""
        return self._sign(PATHWAY, identity, ISSUER, host)

    def variables(self, text: str, identity: Identity, url: str) -> str:
        """What was noted; raise `InvalidToken` unless that was for this viewing session and ``url``."""
        return _read(self._variables[text], identity, _name(url))

    def pathway(self, text: str, identity: Identity) -> str:
        """The host that was noted; raise `InvalidToken` unless that was for this viewing session."""
        return _read(self._pathways[text], identity, ISSUER)

    def _sign(self, kind: Kind, identity: Identity, audience: str, note: str) -> str:
        claims = Claims(audience, identity.key_id, identity.tier, identity.session_id, 0, 0, marks=(("note", note),))
        text = sign(claims, kind, self._keyring)
        if len(text) > kind.longest:
            raise NoteTooLongError
        return text


def _read(claims: Claims, identity: Identity, audience: str) -> str:
    told = (claims.audience, claims.key_id, claims.tier, claims.session_id)
    if told != (audience, identity.key_id, identity.tier, identity.session_id) or not claims.marks:
        raise InvalidToken
    return claims.marks[0][1]


def _name(url: str) -> str:
    """A URL in 64 characters."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
