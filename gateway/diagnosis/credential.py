"""A session token or a grant, and why it does not hold: what a client is never told, its operator may know."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.configuration import Generation
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.times import ago, ahead
from gateway.explanation.keys import Dead, meant
from gateway.identity import KeyRecord, Keyring, Scope, longest_of
from gateway.identity.gate import LEEWAY, PLAY, SESSION, Claims, open_token
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken

_KINDS = {Credential.SESSION: (SESSION, "the session token"), Credential.GRANT: (PLAY, "the grant")}
_NEW = {
    Credential.SESSION: "fetch a new token; web/sluicegate.js does so by itself before one ends",
    Credential.GRANT: "make a new address, or load the manifest again through /api, which names new ones",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """``claims`` are None where nothing could be read; ``identity`` is who it speaks for, also where it has expired:
    it is None only where nobody can be told; ``finding`` is why it does not hold, None if it does."""

    claims: Claims | None
    identity: Identity | None
    finding: Finding | None


@dataclass(frozen=True)
class Assize:
    """What a credential is judged by: the secrets, the files, and the time in seconds since the epoch."""

    keyring: Keyring
    generation: Generation
    records: Sequence[KeyRecord]
    now: float

    def judge(self, text: str, kind: Credential) -> Judged:
        """Whether a token or a grant holds, and if not, why."""
        token_kind, name = _KINDS[kind]
        try:
            claims = open_token(text, token_kind, self.keyring)
        except InvalidToken:
            return Judged(None, None, _unreadable(text, name, self.keyring, kind))
        identity = self.generation.keys.living(claims.key_id, claims.tier, self.now)
        cause = _untimely(claims, name, self.now, self._longest(claims, kind))
        if cause:
            return Judged(claims, identity, _finding("credential_expired", cause, _NEW[kind]))
        if identity is None:
            dead = f"{name} is of a key that does not hold: {self._dead(claims)}"
            return Judged(claims, None, _finding("key_dead", dead, _OF_KEY))
        return Judged(claims, replace(identity, credential=kind, session_id=claims.session_id), None)

    def _longest(self, claims: Claims, kind: Credential) -> int:
        file = self.generation.file
        if kind is Credential.SESSION:
            return file.session_lifetime
        return longest_of(claims, file.playback_lifetime)

    def _dead(self, claims: Claims) -> str:
        file = self.generation.file
        key = meant(claims.key_id, self.records, file.open_keys, file.tiers, self.now)[0]
        if isinstance(key, Dead):
            return key.why
        return f"it was made for the tier {claims.tier}, and its key is on another today"


_OF_KEY = "make a new token with a living key (main.py keys list)"


def _finding(code: str, cause: str, change: str) -> Finding:
    return Finding(code, Weight.STOPS, cause, change, ("the credential",))


def _unreadable(text: str, name: str, keyring: Keyring, kind: Credential) -> Finding:
    if text.count(".") == 2 and not _known_kid(text, keyring.secrets):
        cause = f"{name} is not signed with the secrets under --state"
        return _finding(
            "credential_foreign", cause, "give all workers and machines the same keyring.json, or name it with --state"
        )
    return _finding("credential_damaged", f"{name} is damaged: it is not what was signed", _NEW[kind])


def _known_kid(text: str, secrets: Mapping[str, bytes]) -> bool:
    """Whether a token's head names a secret of the ring; the head need not be read as JSON for that."""
    head = text.partition(".")[0]
    try:
        told = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("utf-8", "replace")
    except ValueError:
        return True  # cut or changed: no telling by whom it was signed
    return any(f'"{kid}"' in told for kid in secrets) or "kid" not in told


def _untimely(claims: Claims, name: str, now: float, longest: int) -> str:
    if claims.expires_at <= now:
        return f"{name} expired {ago(claims.expires_at, now)}"
    if claims.issued_at > now + LEEWAY:
        return f"{name} was issued {ahead(claims.issued_at, now)}: the clocks of two machines differ"
    if claims.expires_at - claims.issued_at > longest:
        return f"{name} holds for longer than tiers.yaml allows today"
    return ""


def uncovered(scope: Scope) -> Finding:
    """A grant that does not open the address it stands in."""
    cause = f"the grant opens what lies beneath {scope.origin}{scope.prefix}, and the address lies elsewhere"
    return _finding(
        "grant_scope", cause, "make a grant for this address; one from a manifest opens that manifest's own references"
    )
