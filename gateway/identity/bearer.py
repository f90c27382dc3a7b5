"""Whom a verified token speaks for, today."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gateway.identity.gate import Claims
from gateway.identity.keys import Keys
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken


@dataclass(slots=True)
class Bearer:
    """The claims of a token that was signed right. A player shows one token a thousand times: the identity it was last
    given is kept, for as long as the key's own stays the same."""

    claims: Claims
    credential: Credential
    _known: tuple[Identity, Identity] | None = field(default=None, repr=False)

    def identity(self, keys: Keys, now: float, max_lifetime: int) -> Identity:
        """Who shows the token; raise `InvalidToken` unless it holds now and its key is alive in its tier today."""
        self.claims.require_current(now, max_lifetime)
        return self.holder(keys, now)

    def holder(self, keys: Keys, now: float) -> Identity:
        """Whose token it is, current or not; raise `InvalidToken` unless its key is alive in its tier today."""
        claims = self.claims
        key = keys.living(claims.key_id, claims.tier, now)
        if key is None:
            raise InvalidToken
        if self._known is None or self._known[0] is not key:
            self._known = key, replace(key, credential=self.credential, session_id=claims.session_id)
        return self._known[1]
