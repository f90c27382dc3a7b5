"""Playback grants: tokens that stand in the path of a media URL, scoped to an origin and a path prefix."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from gateway.identity.bearer import Bearer
from gateway.identity.gate import PLAY, Claims, open_token, sign
from gateway.identity.keyring import Keyring
from gateway.identity.keys import Keys
from gateway.identity.scope import Scope
from gateway.identity.seen import Seen
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken

_AUDIENCE = re.compile(r"(?P<origin>https?://[^/]+)(?P<prefix>/|/.*/)")
_MINTED = 1024


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified grant; its times are in seconds since the epoch."""

    identity: Identity
    scope: Scope
    issued_at: int
    expires_at: int


class Grants:
    """Mints and verifies with one key ring; ``clock`` gives seconds since the epoch."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen = Seen(lambda text: _open(text, keyring))
        self._sign = lru_cache(_MINTED)(lambda claims: sign(claims, PLAY, keyring))

    def mint(self, identity: Identity, scope: Scope, issued_at: int, lifetime: int) -> str:
        """A grant for ``lifetime`` seconds; the same text for the same arguments, so that all of a presentation's
        references share one."""
        claims = Claims(
            audience=scope.origin + scope.prefix,
            key_id=identity.key_id,
            tier=identity.tier,
            session_id=identity.session_id,
            issued_at=issued_at,
            expires_at=issued_at + lifetime,
        )
        return self._sign(claims)

    def verify(self, text: str, keys: Keys, max_lifetime: int) -> Grant:
        """What a grant opens, and for whom; raise `InvalidToken` as for a session token."""
        bearer, scope = self._seen[text]
        identity = bearer.identity(keys, self._clock(), max_lifetime)
        return Grant(identity, scope, bearer.claims.issued_at, bearer.claims.expires_at)


def _open(text: str, keyring: Keyring) -> tuple[Bearer, Scope]:
    claims = open_token(text, PLAY, keyring)
    audience = _AUDIENCE.fullmatch(claims.audience)
    if not audience:
        raise InvalidToken
    return Bearer(claims, Credential.GRANT), Scope(audience["origin"], audience["prefix"])
