"""Tokens as an attacker, or a careless colleague with the right secret, might make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from gateway.identity import Keyring


def part(members: Mapping[str, object] | str) -> str:
    """One part of a token."""
    text = members if isinstance(members, str) else json.dumps(members)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def sealed(keyring: Keyring, text: str) -> str:
    """Two parts, whatever they are, and a right signature behind them."""
    digest = hmac.digest(keyring.secrets[keyring.signing_kid], text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def signed(keyring: Keyring, head: Mapping[str, object] | str, claims: Mapping[str, object] | str) -> str:
    """A token that is signed right, whatever it says."""
    return sealed(keyring, f"{part(head)}.{part(claims)}")
