"""Every way for a token to be wrong is refused, alike."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from gateway.identity import Grants, Keyring, Keys, SessionTokens
from gateway.policy import Identity
from gateway.problem import InvalidToken
from tests.identity.conftest import LIFETIME, SCOPE, Clock, keys_of
from tests.identity.forge import part, signed


def test_the_shape_that_tests_forge_is_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    assert tokens.verify(signed(keyring, head, claims), keys, LIFETIME).key_id == claims["sub"]


@pytest.mark.parametrize(
    "change",
    [
        {"exp": "9999999999"},
        {"exp": 9999999999.0},
        {"exp": True},
        {"exp": None},
        {"exp": [9999999999]},
        {"exp": -1},
        {"exp": 10**300},
        {"iat": -(10**300)},
        {"iat": 10**300, "exp": 10**300 + 60},
        {"iat": "0"},
        {"iat": False},
        {"iat": 1_800_000_000.0},
        {"iss": None},
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["sluicegate"]},
        {"sub": 7},
        {"sub": "unknown0"},
        {"tier": "partner"},
        {"tier": ["standard"]},
        {"tier": "\ud800"},
        {"sub": "\x00"},
        {"sid": 5},
        {"jti": None},
        {"jti": {}},
        {"nbf": 0},
        {"nbf": 9999999999},
        {"admin": True},
    ],
)
def test_claims_of_another_shape_are_refused_though_signed_right(
    tokens: SessionTokens,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    claims: dict[str, Any],
    change: dict[str, Any],
) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, claims | change), keys, LIFETIME)


@pytest.mark.parametrize("left_out", ["iss", "aud", "sub", "tier", "sid", "iat", "exp", "jti"])
def test_a_missing_claim_is_refused(
    tokens: SessionTokens,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    claims: dict[str, Any],
    left_out: str,
) -> None:
    del claims[left_out]
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, claims), keys, LIFETIME)


def test_a_lifetime_longer_than_allowed_or_none_at_all_is_refused(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    for ends in (LIFETIME + 1, 10**12, 10**300, 0, -5):
        with pytest.raises(InvalidToken):
            tokens.verify(signed(keyring, head, claims | {"exp": claims["iat"] + ends}), keys, LIFETIME)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": None},
        {"alg": ["HS256"]},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": "HS512"},
        {"alg": "hs256"},
        {"typ": "JWT"},
        {"typ": "sg-play+jwt"},
        {"typ": "SG-SESSION+JWT"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": ["x"]},
        {"kid": 1},
        {"kid": None},
        {"kid": ""},
        {"kid": "../../dev/null"},
        {"crit": ["exp"]},
        {"jwk": {}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"b64": True},
    ],
)
def test_a_header_of_another_shape_is_refused_though_signed_right(
    tokens: SessionTokens,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    claims: dict[str, Any],
    change: dict[str, object],
) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head | change, claims), keys, LIFETIME)


def test_an_unsigned_and_a_foreign_token_are_refused(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, claims: dict[str, Any], acme: Identity, clock: Clock
) -> None:
    none = jwt.encode(claims, "", "none", headers={"kid": keyring.signing_kid, "typ": "sg-session+jwt"})
    stranger = Keyring(keyring.signing_kid, {keyring.signing_kid: Keyring.generate().pepper}, keyring.pepper)
    foreign = SessionTokens(stranger, clock).mint(acme, LIFETIME).token
    for token in (none, foreign):
        with pytest.raises(InvalidToken):
            tokens.verify(token, keys, LIFETIME)


@pytest.mark.parametrize("left_out", ["alg", "kid", "typ"])
def test_a_header_without_a_member_is_refused(
    tokens: SessionTokens,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    claims: dict[str, Any],
    left_out: str,
) -> None:
    del head[left_out]
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, claims), keys, LIFETIME)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_right_secret_with_another_algorithm_is_refused(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, claims: dict[str, Any], algorithm: str
) -> None:
    secret = keyring.secrets[keyring.signing_kid] * 2
    ring = Keyring("k", {"k": secret}, keyring.pepper)
    token = jwt.encode(claims, secret, algorithm, headers={"kid": "k", "typ": "sg-session+jwt"})
    with pytest.raises(InvalidToken):
        SessionTokens(ring, lambda: float(claims["iat"])).verify(token, keys, LIFETIME)
    swapped = f"{part({'alg': 'HS256', 'kid': 'k', 'typ': 'sg-session+jwt'})}.{token.split('.', 1)[1]}"
    with pytest.raises(InvalidToken):
        SessionTokens(ring, lambda: float(claims["iat"])).verify(swapped, keys, LIFETIME)


def test_a_session_token_with_the_claims_of_a_grant_is_refused_and_the_other_way_round(
    tokens: SessionTokens,
    grants: Grants,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    play_head: dict[str, object],
    claims: dict[str, Any],
    play_claims: dict[str, Any],
) -> None:
    assert grants.verify(signed(keyring, play_head, play_claims), keys, LIFETIME)
    full = play_claims | {"jti": "j", "aud": "sluicegate"}
    for forged in (signed(keyring, head, play_claims), signed(keyring, play_head, full), signed(keyring, head, claims)):
        with pytest.raises(InvalidToken):
            grants.verify(forged, keys, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, play_claims), keys, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, full | {"aud": SCOPE.origin + SCOPE.prefix}), keys, LIFETIME)


def test_every_refusal_of_a_token_reads_the_same(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    bodies = []
    for text, judged in (("", keys), ("x" * 2000, keys), (token[:-1] + "_", keys), (token, keys_of(keyring))):
        with pytest.raises(InvalidToken) as refused:
            tokens.verify(text, judged, LIFETIME)
        bodies.append((refused.value.body(), refused.value.headers()))
    clock.now += LIFETIME
    with pytest.raises(InvalidToken) as refused:
        tokens.verify(token, keys, LIFETIME)
    assert [*bodies, (refused.value.body(), refused.value.headers())] == [bodies[0]] * 5


@pytest.mark.parametrize("odd", [{"iat": True}, {"exp": True, "iat": 0}, {"iat": 1.0}, {"iat": "1"}])
def test_a_time_that_is_no_whole_number_is_refused_even_when_its_value_would_do(
    tokens: SessionTokens,
    keys: Keys,
    keyring: Keyring,
    head: dict[str, object],
    claims: dict[str, Any],
    clock: Clock,
    odd: dict[str, object],
) -> None:
    clock.now = 0.5
    early = claims | {"iat": 0, "exp": 1}
    assert tokens.verify(signed(keyring, head, early), keys, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, early | {"exp": 2} | odd), keys, LIFETIME)
