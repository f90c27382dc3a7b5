"""Whether a secret is one: long enough, random, and not one that is printed on the internet."""

from __future__ import annotations

import base64

import jwt

SHORTEST = 32
"""Bytes. RFC 7518, section 3.2: a key for HS256 is at least as long as its hash."""

_REMEDY = "make one with: head -c 32 /dev/urandom | base64"
_FEWEST_DISTINCT_BYTES = 12

# Words of the secrets that tutorials, jwt.io and the libraries' own documentation sign with.
_EXAMPLES = (b"secret", b"changeme", b"change-me", b"password", b"example", b"qwerty", b"1234567890")

# It looks random, and everybody has it: RFC 7515, appendix A.1.
_PUBLISHED = b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
_KNOWN = (_PUBLISHED, base64.urlsafe_b64decode(_PUBLISHED + b"=="))


def weakness(secret: bytes) -> str | None:
    """What is wrong with a secret and what would be right, or None. It never repeats the secret."""
    if len(secret) < SHORTEST:
        return f"has {len(secret)} bytes; it needs at least {SHORTEST}, from a random source: {_REMEDY}"
    lowered = secret.lower()
    if secret in _KNOWN or any(example in lowered for example in _EXAMPLES):
        return f"is an example that others know; {_REMEDY}"
    if len(set(secret)) < _FEWEST_DISTINCT_BYTES:
        return f"is not random; {_REMEDY}"
    return None if _is_symmetric(secret) else f"is a key of another kind (PEM, SSH or JWK); {_REMEDY}"


def _is_symmetric(secret: bytes) -> bool:
    # PyJWT signs with no public key or JWK, however it came to be here; better told at start than to every client.
    try:
        jwt.get_algorithm_by_name("HS256").prepare_key(secret)
    except jwt.InvalidKeyError:
        return False
    return True
