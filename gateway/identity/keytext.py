"""An API key as text: ``sg_<id>_<secret><checksum>``.

The checksum turns away typos and garbage before any lookup. It is not security: the secret is.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Self

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _CHECKSUM = 8, 32, 6
_KEY = re.compile(
    rf"sg_(?P<id>[0-9A-Za-z]{{{_ID}}})_(?P<secret>[0-9A-Za-z]{{{_SECRET}}})(?P<sum>[0-9A-Za-z]{{{_CHECKSUM}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A well-formed key: ``id`` is public, ``secret`` holds 190 bits."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(_random(_ID), _random(_SECRET))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a key, or None if it is not one or its checksum does not fit."""
        matched = _KEY.fullmatch(text)
        if not matched:
            return None
        key = cls(matched["id"], matched["secret"])
        return key if key.text == text else None

    @property
    def text(self) -> str:
        """The key as it is handed out."""
        stem = f"sg_{self.id}_{self.secret}"
        return stem + _base62(zlib.crc32(stem.encode("ascii")), _CHECKSUM)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
