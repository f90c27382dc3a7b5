"""Session tokens and grants: every way to be wrong is refused, alike."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Grants, Keyring, Keys, Scope, SessionTokens
from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken
from tests.identity.conftest import Clock, keys_of, record_of

LIFETIME = 1800
SCOPE = Scope("https://cdn.example.com", "/a/b/")


@pytest.fixture
def tokens(keyring: Keyring, clock: Clock) -> SessionTokens:
    return SessionTokens(keyring, clock)


def part(members: Mapping[str, object] | str) -> str:
    text = members if isinstance(members, str) else json.dumps(members)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed(keyring: Keyring, head: Mapping[str, object] | str, claims: Mapping[str, object] | str) -> str:
    """A token that is signed right, whatever it says."""
    text = f"{part(head)}.{part(claims)}"
    digest = hmac.digest(keyring.secrets[keyring.signing_kid], text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@pytest.fixture
def head(keyring: Keyring) -> dict[str, object]:
    return {"alg": "HS256", "kid": keyring.signing_kid, "typ": "sg-session+jwt"}


@pytest.fixture
def claims(key: KeyText, clock: Clock) -> dict[str, Any]:
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


def test_a_token_says_who_it_speaks_for(tokens: SessionTokens, keys: Keys, acme: Identity) -> None:
    minted = tokens.mint(acme, LIFETIME)
    identity = tokens.verify(minted.token, keys, LIFETIME)
    assert (identity.key_id, identity.tier, identity.credential) == (acme.key_id, "standard", Credential.SESSION)
    assert identity.session_id not in {"", acme.session_id}
    assert minted.token not in repr(minted)


def test_the_shape_that_tests_forge_is_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    assert tokens.verify(signed(keyring, head, claims), keys, LIFETIME).key_id == claims["sub"]


def test_a_token_ends_at_thirty_minutes_and_not_before(
    tokens: SessionTokens, keys: Keys, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    clock.now += LIFETIME - 0.001
    assert tokens.verify(token, keys, LIFETIME)
    clock.now += 0.001
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


@pytest.mark.parametrize(
    "change",
    [
        {"exp": "9999999999"},
        {"exp": 9999999999.0},
        {"exp": True},
        {"exp": None},
        {"iat": "0"},
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ["sluicegate"]},
        {"sub": 7},
        {"sub": "unknown0"},
        {"tier": "partner"},
        {"tier": ["standard"]},
        {"jti": None},
        {"nbf": 0},
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
    for ends in (LIFETIME + 1, 10**12, 0, -5):
        with pytest.raises(InvalidToken):
            tokens.verify(signed(keyring, head, claims | {"exp": claims["iat"] + ends}), keys, LIFETIME)


def test_a_token_from_the_future_is_refused_beyond_thirty_seconds(
    tokens: SessionTokens, keys: Keys, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    clock.now -= 30
    assert tokens.verify(token, keys, LIFETIME)
    clock.now -= 1
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "hs256"},
        {"typ": "JWT"},
        {"typ": "sg-play+jwt"},
        {"kid": "unknown"},
        {"kid": ["x"]},
        {"kid": 1},
        {"crit": ["exp"]},
        {"jwk": {}},
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


def test_duplicate_members_and_constants_are_refused(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    text = json.dumps(claims)
    for odd in (text[:-1] + ', "tier": "partner"}', text.replace('"jti": "j"', '"jti": NaN'), "[]", "1", '"x"', "{"):
        with pytest.raises(InvalidToken):
            tokens.verify(signed(keyring, head, odd), keys, LIFETIME)
    doubled = json.dumps(head)[:-1] + ', "alg": "HS256"}'
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, doubled, claims), keys, LIFETIME)


def test_an_unsigned_and_a_foreign_token_are_refused(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, claims: dict[str, Any], acme: Identity, clock: Clock
) -> None:
    none = jwt.encode(claims, "", "none", headers={"kid": keyring.signing_kid, "typ": "sg-session+jwt"})
    stranger = Keyring(keyring.signing_kid, {keyring.signing_kid: Keyring.generate().pepper}, keyring.pepper)
    foreign = SessionTokens(stranger, clock).mint(acme, LIFETIME).token
    for token in (none, foreign):
        with pytest.raises(InvalidToken):
            tokens.verify(token, keys, LIFETIME)


def test_the_same_signature_in_another_writing_is_refused(tokens: SessionTokens, keys: Keys, acme: Identity) -> None:
    token = tokens.mint(acme, LIFETIME).token
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]
    assert base64.urlsafe_b64decode(twin.rsplit(".", maxsplit=1)[-1] + "=") == base64.urlsafe_b64decode(
        token.rsplit(".", maxsplit=1)[-1] + "="
    )
    for other in (twin, token + "=", token + "\n", " " + token, token.replace(".", "..", 1)):
        with pytest.raises(InvalidToken):
            tokens.verify(other, keys, LIFETIME)


@given(st.data())
def test_any_other_character_anywhere_makes_a_token_invalid(data: st.DataObject) -> None:
    keyring = Keyring("k", {"k": bytes(range(32))}, bytes(range(32, 64)))
    tokens = SessionTokens(keyring, Clock())
    key = KeyText("abcd1234", "S" * 32)
    keys = keys_of(keyring, record_of(keyring, key))
    identity = Identity(Credential.KEY, key.id, key.id, "acme", "standard", "s")
    token = tokens.mint(identity, LIFETIME).token
    assert tokens.verify(token, keys, LIFETIME)
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + data.draw(st.characters()) + token[at + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            tokens.verify(changed, keys, LIFETIME)


@given(st.text(max_size=3000))
def test_no_text_is_anything_but_refused(text: str) -> None:
    keyring = Keyring("k", {"k": bytes(range(32))}, bytes(range(32, 64)))
    for verify in (SessionTokens(keyring, Clock()).verify, Grants(keyring, Clock()).verify):
        with pytest.raises(InvalidToken):
            verify(text, keys_of(keyring), LIFETIME)


def test_a_huge_token_is_refused_unread(tokens: SessionTokens, keys: Keys) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify("a" * 500_000 + "." + "a" * 500_000 + "." + "A" * 43, keys, LIFETIME)


def test_a_known_token_is_refused_as_soon_as_its_key_is_dead(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, key: KeyText, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    assert tokens.verify(token, keys, LIFETIME)
    revoked = keys_of(keyring, record_of(keyring, key, revoked=int(clock())))
    moved = keys_of(keyring, record_of(keyring, key, "partner"))
    for later in (revoked, moved, keys_of(keyring)):
        with pytest.raises(InvalidToken):
            tokens.verify(token, later, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME - 1)


def test_a_token_holds_in_another_process_with_the_same_ring(tmp_path: Path, acme: Identity, key: KeyText) -> None:
    ring = tmp_path / "keyring.json"
    program = (
        "import sys, time, pathlib; from gateway.identity import Keyring, SessionTokens; "
        "from gateway.policy import Credential, Identity; "
        "ring, _ = Keyring.load_or_create(pathlib.Path(sys.argv[1])); i = sys.argv[2]; "
        "who = Identity(Credential.KEY, i, i, 'acme', 'standard', 's'); "
        "print(SessionTokens(ring, time.time).mint(who, 1800).token)"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(ring), key.id],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    token = made.stdout.strip()
    keyring = Keyring.load(ring)
    clock = Clock(jwt.decode(token, options={"verify_signature": False})["iat"])
    tokens, keys = SessionTokens(keyring, clock), keys_of(keyring, record_of(keyring, key))
    assert tokens.verify(token, keys, LIFETIME).key_id == acme.key_id
    clock.now += LIFETIME
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


def test_a_rotated_secret_verifies_until_it_is_removed(
    keys: Keys, keyring: Keyring, acme: Identity, clock: Clock
) -> None:
    token = SessionTokens(keyring, clock).mint(acme, LIFETIME).token
    secrets = {**keyring.secrets, "new": Keyring.generate().pepper}
    both = Keyring("new", secrets, keyring.pepper)
    assert SessionTokens(both, clock).verify(token, keys, LIFETIME)
    newer = SessionTokens(both, clock).mint(acme, LIFETIME).token
    assert jwt.get_unverified_header(newer)["kid"] == "new"
    only_new = Keyring("new", {"new": secrets["new"]}, keyring.pepper)
    with pytest.raises(InvalidToken):
        SessionTokens(only_new, clock).verify(token, keys, LIFETIME)


def test_a_grant_is_the_same_for_the_same_viewing_and_no_session_token(
    keyring: Keyring, keys: Keys, acme: Identity, clock: Clock
) -> None:
    grants, tokens = Grants(keyring, clock), SessionTokens(keyring, clock)
    grant = grants.mint(acme, SCOPE, int(clock()), 600)
    assert grant == Grants(keyring, clock).mint(acme, SCOPE, int(clock()), 600)
    verified = grants.verify(grant, keys, 600)
    assert (verified.scope, verified.identity.credential) == (SCOPE, Credential.GRANT)
    assert verified.identity.session_id == acme.session_id
    with pytest.raises(InvalidToken):
        tokens.verify(grant, keys, LIFETIME)
    with pytest.raises(InvalidToken):
        grants.verify(tokens.mint(acme, 600).token, keys, 600)


def test_a_grant_fits_into_a_kilobyte_for_the_longest_scope(keyring: Keyring, keys: Keys, acme: Identity) -> None:
    origin = "https://" + "a" * 180 + ".example.com"
    clock = Clock()
    identity = replace(acme, session_id="s" * 16, tier="standard")
    grant = Grants(keyring, clock).mint(
        identity, Scope(origin, "/" + "b" * (398 - len(origin)) + "/"), int(clock()), 600
    )
    assert len(grant) <= 1024
    assert Grants(keyring, clock).verify(grant, keys, 600)


@pytest.mark.parametrize(
    ("origin", "path", "covered"),
    [
        ("https://cdn.example.com", "/a/b/c.ts", True),
        ("https://cdn.example.com", "/a/b/", True),
        ("https://cdn.example.com", "/a/b/..c/...ts", True),
        ("http://cdn.example.com", "/a/b/c.ts", False),
        ("https://cdn.example.com:8443", "/a/b/c.ts", False),
        ("https://cdn.example.com", "/a/bc/c.ts", False),
        ("https://cdn.example.com", "/a/b", False),
        ("https://cdn.example.com", "/a/b/../c.ts", False),
        ("https://cdn.example.com", "/a/b/%2e%2E/c.ts", False),
        ("https://cdn.example.com", "/a/b/x%2Fc.ts", False),
        ("https://cdn.example.com", "/a/b//c.ts", False),
        ("https://cdn.example.com", "/a/b/..", False),
        ("https://cdn.example.com", "/a/b/x\\c.ts", False),
    ],
)
def test_a_scope_covers_what_lies_plainly_beneath_it(origin: str, path: str, covered: bool) -> None:
    assert SCOPE.covers(origin, path) is covered
