"""The strict gate before PyJWT's HMAC, shared by session tokens and playback grants.

PyJWT's decoding accepts ``exp`` as a string, any ``typ``, duplicate members, an unlimited lifetime and a trailing ``=``
on the signature. Here a token is one exact shape or it is refused: one text for each set of claims and key.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import jwt
from jwt.algorithms import HMACAlgorithm

from gateway.identity.keyring import Keyring
from gateway.identity.members import parse_members
from gateway.problem import InvalidToken

LONGEST = 1024
LEEWAY = 30
"""Seconds that another worker's clock may be ahead when it issues a token. Expiry has no leeway: a token is promised
to end when it says so."""

ISSUER = "sluicegate"

SESSION_BYTES = 16
"""Bytes of a viewing session's name that nobody guesses and no two share."""

# HMAC-SHA-256 is 32 bytes: 43 characters, of which the last carries four bits and is one of sixteen.
_TOKEN = re.compile(r"(?P<head>[A-Za-z0-9_-]+)\.(?P<claims>[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_STRINGS = ("iss", "aud", "sub", "tier", "sid")
_TIMES = ("iat", "exp")
_HEADS = 64
"""Headers that are remembered: all tokens of one kind and key begin alike."""

_HS256 = HMACAlgorithm(HMACAlgorithm.SHA256)

Marks = tuple[tuple[str, str], ...]
"""Optional claims, each with its value, in the order of their names: they can be a cache's key."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Times are in seconds since the epoch; ``token_id`` is empty in a kind that has none."""

    audience: str
    key_id: str
    tier: str
    session_id: str
    issued_at: int
    expires_at: int
    token_id: str = ""
    marks: Marks = ()

    def require_current(self, now: float, max_lifetime: int) -> None:
        """Raise `InvalidToken` unless the token holds now, and no longer than it may."""
        self.require_issued(now, max_lifetime)
        if now >= self.expires_at:
            raise InvalidToken

    def require_issued(self, now: float, max_lifetime: int) -> None:
        """Raise `InvalidToken` unless the token holds, or held once, and no longer than it may."""
        lifetime = self.expires_at - self.issued_at
        if not (0 < lifetime <= max_lifetime and self.issued_at <= now + LEEWAY):
            raise InvalidToken


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of token: its ``typ``, and the names of its claims that are strings; the ``optional`` ones are strings
    too, and never empty: what says nothing is left out, so that there is one text for it. One that is longer than
    ``longest`` characters is refused."""

    typ: str
    strings: tuple[str, ...]
    optional: tuple[str, ...] = ()
    longest: int = LONGEST

    def fits(self, members: Mapping[str, object]) -> bool:
        """Whether these are exactly this kind's claims, each of its type. A bool is not a number here."""
        told = self._told(members)
        if set(members) != {*self.strings, *told, *_TIMES} or members["iss"] != ISSUER:
            return False
        strings = all(type(members[name]) is str for name in (*self.strings, *told)) and all(map(members.get, told))
        return strings and all(type(members[name]) is int for name in _TIMES)

    def marks(self, members: Mapping[str, str | int]) -> Marks:
        """The optional ones of claims that fit."""
        return tuple((name, str(members[name])) for name in sorted(self._told(members)))

    def _told(self, members: Mapping[str, object]) -> Sequence[str]:
        return [name for name in self.optional if name in members]


SESSION = Kind("sg-session+jwt", (*_STRINGS, "jti"))
PLAY = Kind("sg-play+jwt", _STRINGS, ("post", "vod"))
"""A grant. ``post`` is "1" where it opens a licence server, which is asked by POST; ``vod`` where it holds to the
end of a presentation, longer than others may."""

_LONGEST_NOTE = 4096
NOTES = ("note",)
VARIABLES = Kind("sg-variables+jwt", _STRINGS, NOTES, _LONGEST_NOTE)
PATHWAY = Kind("sg-pathway+jwt", _STRINGS, NOTES)
"""Notes, which open nothing: see `gateway.identity.notes`."""


def sign(claims: Claims, kind: Kind, keyring: Keyring) -> str:
    """A token with these claims, signed with the ring's signing key."""
    members = {
        "iss": ISSUER,
        "aud": claims.audience,
        "sub": claims.key_id,
        "tier": claims.tier,
        "sid": claims.session_id,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }
    if claims.token_id:
        members["jti"] = claims.token_id
    members |= dict(claims.marks)
    kid = keyring.signing_kid
    return jwt.encode(members, keyring.secrets[kid], "HS256", headers={"kid": kid, "typ": kind.typ})


def open_token(token: str, kind: Kind, keyring: Keyring) -> Claims:
    """The claims of a token of this kind that the ring has signed; raise `InvalidToken` for anything else.

    Whether it holds now is the caller's to ask, of `Claims.require_current`.
    """
    parts = _TOKEN.fullmatch(token) if len(token) <= kind.longest else None
    if parts is None:
        raise InvalidToken
    kid = _kid(parts["head"], kind.typ)
    members = _members(parts["claims"])
    if kid not in keyring.secrets or not kind.fits(members):
        raise InvalidToken
    # PyJWT's own decoding would take all three parts to pieces again, character by character: two thirds of the time.
    signed, _, signature = token.rpartition(".")
    if not _HS256.verify(signed.encode("ascii"), keyring.secrets[kid], base64.urlsafe_b64decode(f"{signature}=")):
        raise InvalidToken
    return _claims(cast("Mapping[str, str | int]", members), kind)  # it fits


def has_form(text: str, kind: Kind) -> bool:
    """Whether a text has the shape and the header of a token of this kind, whoever signed it and whenever it held."""
    parts = _TOKEN.fullmatch(text) if len(text) <= kind.longest else None
    try:
        return parts is not None and bool(_kid(parts["head"], kind.typ))
    except InvalidToken:
        return False


def _claims(members: Mapping[str, str | int], kind: Kind) -> Claims:
    return Claims(
        audience=str(members["aud"]),
        key_id=str(members["sub"]),
        tier=str(members["tier"]),
        session_id=str(members["sid"]),
        issued_at=int(members["iat"]),
        expires_at=int(members["exp"]),
        token_id=str(members.get("jti", "")),
        marks=kind.marks(members),
    )


@lru_cache(_HEADS)
def _kid(head: str, typ: str) -> str:
    members = _members(head)
    kid = members.get("kid")
    if members != {"alg": "HS256", "kid": kid, "typ": typ} or not isinstance(kid, str):
        raise InvalidToken
    return kid


def _members(part: str) -> dict[str, object]:
    """The members of a part of a token: a JSON object in canonical base64url."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        members = parse_members(raw)
    except ValueError as error:
        raise InvalidToken from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != part:
        raise InvalidToken
    return members
