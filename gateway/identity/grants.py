"""Playback grants: tokens that stand in the path of a media URL, scoped to an origin and a path or a prefix."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from gateway.identity.bearer import Bearer
from gateway.identity.gate import PLAY, SESSION_BYTES, Claims, Marks, open_token, sign
from gateway.identity.keyring import Keyring
from gateway.identity.keys import Keys
from gateway.identity.scope import Scope
from gateway.identity.seen import Seen
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken

_AUDIENCE = re.compile(r"(?P<origin>https?://[^/]+)(?P<prefix>/.*)")
_MINTED = 4096
"""Grants that are remembered as they were signed: more than the longest live window has directories, or each reload of
it would sign them all anew. A kilobyte each."""

HOUR = 3600
LONGEST_VOD = 48 * HOUR
"""Seconds that a grant holds at most to the end of a presentation, and then in whole hours."""

VOD: Marks = (("vod", "1"),)
"""What marks such a grant: it may hold for longer than ``playback.lifetime``, by which all others are judged."""

POST: Marks = (("post", "1"),)
"""What marks a grant for licence servers: others take GET and HEAD alone."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A verified grant; its times are in seconds since the epoch."""

    identity: Identity
    scope: Scope
    issued_at: int
    expires_at: int
    marks: Marks = ()

    @property
    def takes_post(self) -> bool:
        """Whether it opens a licence server."""
        return POST[0] in self.marks


def opening(identity: Identity) -> Identity:
    """The same, in a viewing session of its own, for a grant that opens one."""
    return replace(identity, session_id=secrets.token_urlsafe(SESSION_BYTES))


def longest_grant(playback_lifetime: int) -> int:
    """Seconds that any grant can hold, where ``tiers.yaml`` gives them so long."""
    return max(playback_lifetime, LONGEST_VOD)


def longest_of(claims: Claims, max_lifetime: int) -> int:
    """Seconds that a grant with these claims is minted for at most, where ``tiers.yaml`` gives grants ``max_lifetime``;
    none where it says that it is to the end of a presentation, and holds as none of those does."""
    told = dict(claims.marks).get("vod") if claims.marks else None
    if told is None:
        return max_lifetime
    whole = told == "1" and (claims.expires_at - claims.issued_at) % HOUR == 0
    return LONGEST_VOD if whole else 0


class Grants:
    """Mints and verifies with one key ring; ``clock`` gives seconds since the epoch."""

    def __init__(self, keyring: Keyring, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen = Seen(lambda text: _open(text, keyring))
        self._sign = lru_cache(_MINTED)(lambda claims: sign(claims, PLAY, keyring))

    def mint(self, identity: Identity, scope: Scope, issued_at: int, lifetime: int, marks: Marks = ()) -> str:
        """A grant for ``lifetime`` seconds; the same text for the same arguments, so that all of a presentation's
        references share one."""
        claims = Claims(
            audience=scope.origin + scope.prefix,
            key_id=identity.key_id,
            tier=identity.tier,
            session_id=identity.session_id,
            issued_at=issued_at,
            expires_at=issued_at + lifetime,
            marks=marks,
        )
        return self._sign(claims)

    def verify(self, text: str, keys: Keys, max_lifetime: int) -> Grant:
        """What a grant opens, and for whom; raise `InvalidToken` as for a session token. ``max_lifetime`` is what
        ``tiers.yaml`` gives a grant; one to the end of a presentation may have `LONGEST_VOD`."""
        bearer, scope = self._seen[text]
        identity = bearer.identity(keys, self._clock(), longest_of(bearer.claims, max_lifetime))
        return _grant(bearer.claims, identity, scope)

    def verify_with(self, session: Identity, text: str, keys: Keys, max_lifetime: int) -> Grant:
        """The same for a grant that may have expired, beside a session token of the same key, whose ``session`` is
        verified: it lends its authority, and the viewing session stays the grant's."""
        bearer, scope = self._seen[text]
        now = self._clock()
        bearer.claims.require_issued(now, longest_of(bearer.claims, max_lifetime))
        viewing = bearer.holder(keys, now)
        if viewing.key_id != session.key_id:
            raise InvalidToken
        return _grant(bearer.claims, replace(session, session_id=viewing.session_id), scope)


def _grant(claims: Claims, identity: Identity, scope: Scope) -> Grant:
    return Grant(identity, scope, claims.issued_at, claims.expires_at, claims.marks)


def _open(text: str, keyring: Keyring) -> tuple[Bearer, Scope]:
    claims = open_token(text, PLAY, keyring)
    audience = _AUDIENCE.fullmatch(claims.audience)
    if not audience:
        raise InvalidToken
    return Bearer(claims, Credential.GRANT), Scope(audience["origin"], audience["prefix"])
