"""The keys of one generation: who a key's text belongs to, and whether a key is alive."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity
from gateway.problem import InvalidKey


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key as ``keys.yaml`` keeps it. Times are in seconds since the epoch; ``hash`` is of the secret."""

    id: str
    client: str
    tier: str
    hash: bytes = field(repr=False)
    created: int
    expires: int | None = None
    revoked: int | None = None
    counter: str = ""

    def alive(self, now: float) -> bool:
        """Whether the key may be used."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def identity(self) -> Identity:
        """Who a request with this key comes from."""
        counter = self.counter or self.id
        return Identity(Credential.KEY, self.id, counter, self.client, self.tier, f"key-{self.id}")


def key_hash(secret: str, pepper: bytes) -> bytes:
    """What is stored of a key's secret: HMAC-SHA-256 with the server's pepper."""
    return hmac.digest(pepper, secret.encode("ascii"), hashlib.sha256)


class Keys:
    """All keys, and the open ones of ``tiers.yaml`` (text to tier). A key of a tier that is no longer there is dead."""

    def __init__(
        self, records: Iterable[KeyRecord], open_keys: Mapping[str, str], pepper: bytes, tiers: Collection[str]
    ) -> None:
        self._pepper = pepper
        self._records = {record.id: record for record in records if record.tier in tiers}
        self._open = {text: _open_identity(tier) for text, tier in open_keys.items() if tier in tiers}
        self._identities = {record.id: record.identity() for record in self._records.values()}
        self._identities |= {identity.key_id: identity for identity in self._open.values()}
        self._dummy = key_hash("", pepper)

    @property
    def any_records(self) -> bool:
        """Whether there is any key beside the open ones."""
        return bool(self._records)

    def authenticate(self, text: str, now: float) -> Identity:
        """Who a key belongs to; raise `InvalidKey`, the same for malformed, unknown, expired and revoked ones."""
        if text in self._open:
            return self._open[text]
        key = KeyText.parse(text)
        if key is None:
            raise InvalidKey(reason="it is no key, or not the whole of one")
        record = self._records.get(key.id)
        expected = record.hash if record else self._dummy  # an unknown id takes as long as a wrong secret
        right = hmac.compare_digest(key_hash(key.secret, self._pepper), expected)
        if record is None:
            raise InvalidKey(reason=f"no key has the id {key.id}, or its tier is gone")
        if not right:
            raise InvalidKey(reason=f"{key.id} has another secret, or its hash was made with another keyring.json")
        if not record.alive(now):
            raise InvalidKey(reason=f"{key.id} of {record.client} was revoked, or has expired")
        return self._identities[record.id]

    def living(self, key_id: str, tier: str, now: float) -> Identity | None:
        """The identity of a key that is alive and of that tier today, or None."""
        identity = self._identities.get(key_id)
        if identity is None or identity.tier != tier:
            return None
        record = self._records.get(key_id)
        return identity if record is None or record.alive(now) else None


def _open_identity(tier: str) -> Identity:
    key_id = f"open-{tier}"
    return Identity(Credential.KEY, key_id, key_id, key_id, tier, f"key-{key_id}")
