"""Session tokens: what ``POST /api/auth`` gives for a key. Nothing about one is kept on the server."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.identity.bearer import Bearer
from gateway.identity.gate import ISSUER, SESSION, SESSION_BYTES, Claims, has_form, open_token, sign
from gateway.identity.keyring import Keyring
from gateway.identity.keys import Keys
from gateway.identity.seen import Seen
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token; ``expires_at`` in seconds since the epoch, ``expires_in`` in seconds from its issue. ``session_id``
    names the viewing session that it opens."""

    token: str = field(repr=False)
    expires_at: int
    expires_in: int
    session_id: str


class SessionTokens:
    """Mints and verifies with one key ring; ``clock`` gives seconds since the epoch."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float]) -> None:
        self._keyring = keyring
        self._clock = clock
        self._seen = Seen(lambda text: _open(text, keyring))

    def mint(self, identity: Identity, lifetime: int) -> Minted:
        """A token that inherits the key's tier and holds for ``lifetime`` seconds, in a viewing session of its own."""
        now = int(self._clock())
        claims = Claims(
            audience=ISSUER,
            key_id=identity.key_id,
            tier=identity.tier,
            session_id=secrets.token_urlsafe(SESSION_BYTES),
            issued_at=now,
            expires_at=now + lifetime,
            token_id=secrets.token_urlsafe(SESSION_BYTES),
        )
        return Minted(sign(claims, SESSION, self._keyring), claims.expires_at, lifetime, claims.session_id)

    @staticmethod
    def is_one(text: str) -> bool:
        """Whether a text is a session token, by its form alone: good, expired, or another gateway's."""
        return has_form(text, SESSION)

    def verify(self, text: str, keys: Keys, max_lifetime: int) -> Identity:
        """Who a token speaks for; raise `InvalidToken` unless it holds now and its key is alive in its tier today."""
        return self._seen[text].identity(keys, self._clock(), max_lifetime)


def _open(text: str, keyring: Keyring) -> Bearer:
    claims = open_token(text, SESSION, keyring)
    if claims.audience != ISSUER:
        raise InvalidToken
    return Bearer(claims, Credential.SESSION)
