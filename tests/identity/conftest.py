"""One key ring, one clock, one customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.identity import Grants, KeyRecord, Keyring, Keys, Scope, SessionTokens
from gateway.identity.keys import key_hash
from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity

TIERS = frozenset({"public", "standard", "partner"})
LIFETIME = 1800
SCOPE = Scope("https://cdn.example.com", "/a/b/")


@dataclass
class Clock:
    """A clock that tests set; the only thing here that is not real."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring.generate()


@pytest.fixture(scope="session")
def key() -> KeyText:
    return KeyText.generate()


def keys_of(keyring: Keyring, *records: KeyRecord) -> Keys:
    return Keys(records, {"public_api_key": "public"}, keyring.pepper, TIERS)


def record_of(
    keyring: Keyring, key: KeyText, tier: str = "standard", expires: int | None = None, revoked: int | None = None
) -> KeyRecord:
    return KeyRecord(key.id, "acme", tier, key_hash(key.secret, keyring.pepper), 0, expires, revoked)


@pytest.fixture
def keys(keyring: Keyring, key: KeyText) -> Keys:
    return keys_of(keyring, record_of(keyring, key))


@pytest.fixture
def acme(key: KeyText) -> Identity:
    return Identity(Credential.KEY, key.id, key.id, "acme", "standard", f"key-{key.id}")


@pytest.fixture
def tokens(keyring: Keyring, clock: Clock) -> SessionTokens:
    return SessionTokens(keyring, clock)


@pytest.fixture
def grants(keyring: Keyring, clock: Clock) -> Grants:
    return Grants(keyring, clock)


@pytest.fixture
def head(keyring: Keyring) -> dict[str, object]:
    """A session token's header."""
    return {"alg": "HS256", "kid": keyring.signing_kid, "typ": "sg-session+jwt"}


@pytest.fixture
def claims(key: KeyText, clock: Clock) -> dict[str, Any]:
    """A session token's claims."""
    now = int(clock())
    return {
        "iss": "sluicegate",
        "aud": "sluicegate",
        "sub": key.id,
        "tier": "standard",
        "sid": "s",
        "iat": now,
        "exp": now + LIFETIME,
        "jti": "j",
    }


@pytest.fixture
def play_head(head: dict[str, object]) -> dict[str, object]:
    """A grant's header."""
    return head | {"typ": "sg-play+jwt"}


@pytest.fixture
def play_claims(claims: dict[str, Any]) -> dict[str, Any]:
    """A grant's claims."""
    del claims["jti"]
    return claims | {"aud": SCOPE.origin + SCOPE.prefix}
