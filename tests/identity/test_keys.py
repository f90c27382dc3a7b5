"""API keys: their text, and who they belong to."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Keyring, Keys
from gateway.identity.keytext import KeyText
from gateway.problem import InvalidKey
from tests.identity.conftest import Clock, keys_of, record_of


def test_a_key_has_the_documented_shape_and_reads_back() -> None:
    key = KeyText.generate()
    assert re.fullmatch(r"sg_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}", key.text)
    assert KeyText.parse(key.text) == key
    assert key.secret not in repr(key)


@given(st.integers(0, 49), st.characters())
def test_a_key_with_one_character_changed_is_not_a_key(at: int, character: str) -> None:
    key = KeyText("abcd1234", "S" * 32).text
    changed = key[:at] + character + key[at + 1 :]
    assert (KeyText.parse(changed) is None) == (changed != key)


@pytest.mark.parametrize("more", ["\n", " ", "=", "0"])
def test_a_key_with_something_behind_it_is_not_a_key(more: str) -> None:
    assert KeyText.parse(KeyText.generate().text + more) is None


def test_a_key_is_known_by_its_secret_not_by_its_id(keys: Keys, key: KeyText, clock: Clock) -> None:
    assert keys.authenticate(key.text, clock()).client == "acme"
    impostor = replace(key, secret="A" * 32)
    with pytest.raises(InvalidKey):
        keys.authenticate(impostor.text, clock())


def test_a_key_hashed_with_another_pepper_is_unknown(key: KeyText, keyring: Keyring, clock: Clock) -> None:
    other = Keyring.generate()
    with pytest.raises(InvalidKey):
        keys_of(other, record_of(keyring, key)).authenticate(key.text, clock())


def test_a_key_ends_when_it_expires_is_revoked_or_loses_its_tier(keyring: Keyring, key: KeyText, clock: Clock) -> None:
    now = int(clock())
    assert keys_of(keyring, record_of(keyring, key, expires=now + 1)).authenticate(key.text, now)
    for dead in (
        record_of(keyring, key, expires=now),
        record_of(keyring, key, revoked=now),
        record_of(keyring, key, "gone"),
    ):
        keys = keys_of(keyring, dead)
        with pytest.raises(InvalidKey):
            keys.authenticate(key.text, now)
        assert keys.living(key.id, dead.tier, now) is None


def test_an_open_key_belongs_to_its_tier_whatever_its_form(keys: Keys, clock: Clock) -> None:
    assert keys.authenticate("public_api_key", clock()).tier == "public"
    for near in ("public_api_key2", "PUBLIC_API_KEY", "", "open-public"):
        with pytest.raises(InvalidKey):
            keys.authenticate(near, clock())


def test_an_open_key_of_a_tier_that_left_is_dead(keyring: Keyring, clock: Clock) -> None:
    keys = Keys([], {"try_me": "gone"}, keyring.pepper, {"public"})
    with pytest.raises(InvalidKey):
        keys.authenticate("try_me", clock())
    assert keys.living("open-gone", "gone", clock()) is None


def test_every_refusal_of_a_key_reads_the_same(keyring: Keyring, key: KeyText, clock: Clock) -> None:
    now = int(clock())
    revoked = keys_of(keyring, record_of(keyring, key, revoked=now))
    shown = (key.text, KeyText.generate().text, replace(key, secret="A" * 32).text, "garbage", "", "\x00\ud800")
    bodies = []
    for text in shown:
        with pytest.raises(InvalidKey) as refused:
            revoked.authenticate(text, now)
        bodies.append((refused.value.body(), refused.value.headers()))
    assert bodies == [bodies[0]] * len(shown)


def test_a_record_shows_no_hash(keyring: Keyring, key: KeyText) -> None:
    record = record_of(keyring, key)
    assert repr(record.hash) not in repr(record)
    assert record.hash.hex() not in repr(record)


@given(st.text())
def test_no_text_is_anything_but_refused(text: str) -> None:
    keyring = Keyring("k", {"k": bytes(range(32))}, bytes(range(32, 64)))
    with pytest.raises(InvalidKey):
        keys_of(keyring).authenticate(text, 0)
