"""A token has one writing; every other is refused, though it might mean the same."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Grants, Keyring, Keys, SessionTokens
from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken
from tests.identity.conftest import LIFETIME, Clock, keys_of, record_of
from tests.identity.forge import part, sealed, signed


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


def test_parts_that_are_not_canonical_base64url_are_refused_though_signed_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    whole = json.dumps(claims)
    whole += " " * ((1 - len(whole)) % 3)  # so that the last character has bits to spare
    good = part(whole)
    assert len(good) % 4 == 2
    assert tokens.verify(sealed(keyring, f"{part(head)}.{good}"), keys, LIFETIME)
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    loose = good[:-1] + alphabet[alphabet.index(good[-1]) + 1]
    for odd in (loose, good + "==", good + "A" * 3, good + "\n", "", "A"):
        with pytest.raises(InvalidToken):
            tokens.verify(sealed(keyring, f"{part(head)}.{odd}"), keys, LIFETIME)


def test_text_in_another_encoding_is_refused_though_signed_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        odd = base64.urlsafe_b64encode(json.dumps(claims).encode(encoding)).rstrip(b"=").decode()
        with pytest.raises(InvalidToken):
            tokens.verify(sealed(keyring, f"{part(head)}.{odd}"), keys, LIFETIME)


def test_deep_nesting_is_refused_though_signed_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object]
) -> None:
    for odd in ("[" * 600, '{"a":' * 110):
        with pytest.raises(InvalidToken):
            tokens.verify(signed(keyring, head, odd), keys, LIFETIME)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "=",
        lambda token: token + "\x00",
        lambda token: "\x00" + token,
        lambda token: token + "\r\n",
        lambda token: "\ufeff" + token,
        lambda token: token.upper(),
        lambda token: token + ".",
        lambda token: "." + token,
        lambda token: token.rsplit(".", 1)[0],
        lambda token: token.rsplit(".", 1)[0] + ".",
        lambda token: ".".join(reversed(token.split("."))),
        lambda token: token.replace(".", "\u3002"),
        lambda token: token + "." + token,
        lambda token: "Bearer " + token,
        lambda token: token * 4000,
    ],
)
def test_a_token_with_something_about_it_is_refused_even_when_the_plain_one_is_known(
    tokens: SessionTokens, keys: Keys, acme: Identity, change: Callable[[str], str]
) -> None:
    token = tokens.mint(acme, LIFETIME).token
    assert tokens.verify(token, keys, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(change(token), keys, LIFETIME)


def test_a_token_longer_than_a_kilobyte_is_refused_though_signed_right(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    room = 1024 - len(signed(keyring, head, claims))
    fits = signed(keyring, head, claims | {"sid": "s" * (room * 3 // 4)})
    assert 1020 <= len(fits) <= 1024
    assert tokens.verify(fits, keys, LIFETIME)
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, claims | {"sid": "s" * (room * 3 // 4 + 4)}), keys, LIFETIME)
