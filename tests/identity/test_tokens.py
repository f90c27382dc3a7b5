"""Session tokens: whom they speak for, and when they end."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from gateway.identity import Keyring, Keys, SessionTokens
from gateway.identity.gate import SESSION, open_token
from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken
from tests.identity.conftest import LIFETIME, Clock, keys_of, record_of


def test_a_token_says_who_it_speaks_for(tokens: SessionTokens, keys: Keys, acme: Identity) -> None:
    minted = tokens.mint(acme, LIFETIME)
    identity = tokens.verify(minted.token, keys, LIFETIME)
    assert (identity.key_id, identity.tier, identity.credential) == (acme.key_id, "standard", Credential.SESSION)
    assert identity.session_id not in {"", acme.session_id}
    assert identity.session_id == minted.session_id
    assert (minted.expires_in, minted.expires_at) == (LIFETIME, 1_800_000_000 + LIFETIME)
    assert minted.token not in repr(minted)


def test_a_token_ends_at_thirty_minutes_and_not_before(
    tokens: SessionTokens, keys: Keys, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    clock.now += LIFETIME - 0.001
    assert tokens.verify(token, keys, LIFETIME)
    clock.now += 0.001
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


def test_a_token_from_the_future_is_refused_beyond_thirty_seconds(
    tokens: SessionTokens, keys: Keys, acme: Identity, clock: Clock
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    clock.now -= 30
    assert tokens.verify(token, keys, LIFETIME)
    clock.now -= 1
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


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
    assert tokens.verify(token, keys, LIFETIME)
    clock.now += LIFETIME
    with pytest.raises(InvalidToken):
        tokens.verify(token, keys, LIFETIME)


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


def test_a_known_token_speaks_for_what_its_key_is_today(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, key: KeyText, acme: Identity
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    before = tokens.verify(token, keys, LIFETIME)
    rotating = replace(record_of(keyring, key), counter="shared", client="acme-renamed")
    after = tokens.verify(token, keys_of(keyring, rotating), LIFETIME)
    assert (before.counter_id, after.counter_id) == (key.id, "shared")
    assert after.client == "acme-renamed"
    assert after.session_id == before.session_id
    assert tokens.verify(token, keys, LIFETIME) == before


def test_a_token_of_an_open_key_ends_with_its_tier(tokens: SessionTokens, keyring: Keyring, clock: Clock) -> None:
    keys = keys_of(keyring)
    token = tokens.mint(keys.authenticate("public_api_key", clock()), LIFETIME).token
    assert tokens.verify(token, keys, LIFETIME).tier == "public"
    with pytest.raises(InvalidToken):
        tokens.verify(token, Keys([], {}, keyring.pepper, {"standard"}), LIFETIME)


def test_no_two_tokens_share_a_session_and_none_holds_the_key(
    tokens: SessionTokens, keyring: Keyring, key: KeyText, acme: Identity
) -> None:
    first, second = (tokens.mint(acme, LIFETIME) for _ in range(2))
    claims = [open_token(minted.token, SESSION, keyring) for minted in (first, second)]
    assert claims[0].session_id != claims[1].session_id
    assert claims[0].token_id != claims[1].token_id
    assert len(claims[0].session_id) >= 22  # 128 bits in base64url
    payload = jwt.decode(first.token, options={"verify_signature": False})
    assert key.secret not in str(payload)
