"""Playback grants: what they open, for whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import HOUR, LONGEST_VOD, VOD, Grants, Keyring, Keys, Scope, SessionTokens
from gateway.identity.keytext import KeyText
from gateway.policy import Credential, Identity
from gateway.problem import InvalidToken
from tests.identity.conftest import LIFETIME, SCOPE, Clock, keys_of, record_of
from tests.identity.forge import signed

SIX_HOURS = 6 * 3600


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


def test_a_grant_that_differs_in_anything_differs(grants: Grants, acme: Identity) -> None:
    made = {
        grants.mint(acme, SCOPE, 1_800_000_000, 600),
        grants.mint(acme, SCOPE, 1_800_000_001, 600),
        grants.mint(acme, SCOPE, 1_800_000_000, 601),
        grants.mint(acme, Scope(SCOPE.origin, "/a/"), 1_800_000_000, 600),
        grants.mint(acme, Scope("https://other.example.com", SCOPE.prefix), 1_800_000_000, 600),
        grants.mint(replace(acme, session_id="another"), SCOPE, 1_800_000_000, 600),
    }
    assert len(made) == 6


def test_a_grant_holds_with_the_longest_kid_tier_session_and_scope_that_there_are(acme: Identity) -> None:
    clock = Clock()
    kid, tier = "k" * 32, "t" * 32
    ring = Keyring(kid, {kid: bytes(range(32))}, bytes(range(32, 64)))
    key = KeyText(acme.key_id, "S" * 32)
    identity = replace(acme, session_id="s" * 22, tier=tier)
    scope = Scope("https://" + "a" * 180 + ".example.com", "/" + "b" * 198 + "/")
    grant = Grants(ring, clock).mint(identity, scope, int(clock()), SIX_HOURS, VOD)
    keys = Keys([record_of(ring, key, tier)], {}, ring.pepper, {tier})
    assert Grants(ring, clock).verify(grant, keys, SIX_HOURS).scope == scope


def test_a_grant_ends_when_it_says_and_not_before(grants: Grants, keys: Keys, acme: Identity, clock: Clock) -> None:
    grant = grants.mint(acme, SCOPE, int(clock()), SIX_HOURS)
    verified = grants.verify(grant, keys, SIX_HOURS)
    assert (verified.issued_at, verified.expires_at) == (1_800_000_000, 1_800_000_000 + SIX_HOURS)
    clock.now += SIX_HOURS - 0.001
    assert grants.verify(grant, keys, SIX_HOURS)
    clock.now += 0.001
    with pytest.raises(InvalidToken):
        grants.verify(grant, keys, SIX_HOURS)


def test_a_known_grant_is_refused_as_soon_as_its_key_or_its_lifetime_is_gone(
    grants: Grants, keys: Keys, keyring: Keyring, key: KeyText, acme: Identity, clock: Clock
) -> None:
    grant = grants.mint(acme, SCOPE, int(clock()), SIX_HOURS)
    assert grants.verify(grant, keys, SIX_HOURS)
    revoked = keys_of(keyring, record_of(keyring, key, revoked=int(clock())))
    expired = keys_of(keyring, record_of(keyring, key, expires=int(clock())))
    moved = keys_of(keyring, record_of(keyring, key, "partner"))
    without_tier = Keys([record_of(keyring, key)], {}, keyring.pepper, {"public"})
    for later in (revoked, expired, moved, without_tier, keys_of(keyring)):
        with pytest.raises(InvalidToken):
            grants.verify(grant, later, SIX_HOURS)
    with pytest.raises(InvalidToken):
        grants.verify(grant, keys, SIX_HOURS - 1)
    assert grants.verify(grant, keys, SIX_HOURS)


@pytest.mark.parametrize("lifetime", [HOUR, LONGEST_VOD])
def test_a_grant_to_the_end_of_a_presentation_may_hold_longer_than_others(
    grants: Grants, keys: Keys, acme: Identity, clock: Clock, lifetime: int
) -> None:
    grant = grants.mint(acme, SCOPE, int(clock()), lifetime, VOD)
    verified = grants.verify(grant, keys, 60)
    assert (verified.expires_at - verified.issued_at, verified.marks) == (lifetime, VOD)
    with pytest.raises(InvalidToken):
        grants.verify(grants.mint(acme, SCOPE, int(clock()), lifetime), keys, 60)


@pytest.mark.parametrize(
    ("lifetime", "vod"),
    [
        (LONGEST_VOD + HOUR, "1"),
        (LONGEST_VOD + 1, "1"),
        (HOUR + 1, "1"),
        (HOUR - 1, "1"),
        (30, "1"),
        (0, "1"),
        (-HOUR, "1"),
        (HOUR, "2"),
        (HOUR, ""),
        (HOUR, 1),
        (HOUR, True),
        (HOUR, None),
        (HOUR, ["1"]),
    ],
)
def test_a_grant_that_holds_as_long_as_none_is_minted_for_is_refused_though_signed_right(
    grants: Grants,
    keys: Keys,
    keyring: Keyring,
    play_head: dict[str, object],
    play_claims: dict[str, Any],
    lifetime: int,
    vod: object,
) -> None:
    claims = play_claims | {"exp": play_claims["iat"] + lifetime}
    with pytest.raises(InvalidToken):
        grants.verify(signed(keyring, play_head, claims | {"vod": vod}), keys, SIX_HOURS)


def test_a_session_token_has_no_claims_that_a_grant_may_have(
    tokens: SessionTokens, keys: Keys, keyring: Keyring, head: dict[str, object], claims: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed(keyring, head, claims | {"vod": "1"}), keys, LIFETIME)


def test_an_expired_grant_holds_beside_a_token_of_the_same_key(
    grants: Grants, tokens: SessionTokens, keys: Keys, acme: Identity, clock: Clock
) -> None:
    grant = grants.mint(replace(acme, session_id="viewing"), SCOPE, int(clock()), 600)
    clock.now += 86400
    session = tokens.verify(tokens.mint(acme, LIFETIME).token, keys, LIFETIME)
    verified = grants.verify_with(session, grant, keys, 600)
    assert (verified.scope, verified.identity) == (SCOPE, replace(session, session_id="viewing"))


def test_an_expired_grant_that_is_wrong_in_anything_else_does_not(
    grants: Grants, tokens: SessionTokens, keys: Keys, keyring: Keyring, key: KeyText, acme: Identity, clock: Clock
) -> None:
    session = tokens.verify(tokens.mint(acme, LIFETIME).token, keys, LIFETIME)
    grant = grants.mint(acme, SCOPE, int(clock()) - 86400, 600)
    assert grants.verify_with(session, grant, keys, 600)
    of_another = replace(session, key_id="open-public")
    from_the_future = grants.mint(acme, SCOPE, int(clock()) + 60, 600)
    too_long = grants.mint(acme, SCOPE, int(clock()) - 86400, 601)
    unknown_kid = Grants(Keyring.generate(), clock).mint(acme, SCOPE, int(clock()) - 86400, 600)
    other_tier = grants.mint(replace(acme, tier="partner"), SCOPE, int(clock()) - 86400, 600)
    for who, text in [
        (of_another, grant),
        (session, grant[:-1]),
        (session, from_the_future),
        (session, too_long),
        (session, unknown_kid),
        (session, other_tier),
    ]:
        with pytest.raises(InvalidToken):
            grants.verify_with(who, text, keys, 600)
    moved = keys_of(keyring, record_of(keyring, key, "partner"))
    revoked = keys_of(keyring, record_of(keyring, key, revoked=int(clock())))
    for later in (moved, revoked, keys_of(keyring)):
        with pytest.raises(InvalidToken):
            grants.verify_with(session, grant, later, 600)


@pytest.mark.parametrize(
    "audience",
    [
        "sluicegate",
        "",
        "https://cdn.example.com",
        "https:///a/",
        "ftp://cdn.example.com/a/",
        "//cdn.example.com/a/",
        "/a/b/",
        "https://cdn.example.com/a/\n/",
        " https://cdn.example.com/a/",
        ["https://cdn.example.com/a/"],
    ],
)
def test_a_grant_for_something_that_is_no_scope_is_refused_though_signed_right(
    grants: Grants,
    keys: Keys,
    keyring: Keyring,
    play_head: dict[str, object],
    play_claims: dict[str, Any],
    audience: object,
) -> None:
    with pytest.raises(InvalidToken):
        grants.verify(signed(keyring, play_head, play_claims | {"aud": audience}), keys, LIFETIME)


def test_a_grant_may_cover_a_whole_origin(grants: Grants, keys: Keys, acme: Identity, clock: Clock) -> None:
    everything = Scope("http://127.0.0.1:8090", "/")
    assert grants.verify(grants.mint(acme, everything, int(clock()), 600), keys, 600).scope == everything


@given(st.data())
def test_any_other_character_anywhere_makes_a_grant_invalid(data: st.DataObject) -> None:
    keyring = Keyring("k", {"k": bytes(range(32))}, bytes(range(32, 64)))
    key = KeyText("abcd1234", "S" * 32)
    keys = keys_of(keyring, record_of(keyring, key))
    grants = Grants(keyring, Clock())
    identity = Identity(Credential.KEY, key.id, key.id, "acme", "standard", "s")
    grant = grants.mint(identity, SCOPE, 1_800_000_000, 600)
    assert grants.verify(grant, keys, 600)
    at = data.draw(st.integers(0, len(grant) - 1))
    changed = grant[:at] + data.draw(st.characters()) + grant[at + 1 :]
    if changed != grant:
        with pytest.raises(InvalidToken):
            grants.verify(changed, keys, 600)
