"""The server's secrets: the key ring that signs tokens, and the pepper that keyed hashes of API keys are made with."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gateway.identity.draft import write_draft

SHORTEST = 32
"""Bytes. RFC 7518, section 3.2: a key for HS256 is at least as long as its hash."""

_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MEMBERS = {"signing_kid", "secrets", "pepper"}
_EXAMPLES = ("secret", "changeme", "your-256-bit-secret", "password", "example")
_FEWEST_DISTINCT_BYTES = 12


class KeyringError(ValueError):
    """The key ring cannot be used; the message names the file and says what would be right."""


@dataclass(frozen=True)
class Keyring:
    """``secrets`` by kid; all verify, ``signing_kid`` signs. Rotate by adding one, then signing with it, then removing
    the old one when the longest lifetime has passed."""

    signing_kid: str
    secrets: Mapping[str, bytes] = field(repr=False)
    pepper: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.signing_kid not in self.secrets:
            raise KeyringError(f"signing_kid {self.signing_kid!r} is not among the secrets: {', '.join(self.secrets)}")
        for kid, secret in self.secrets.items():
            if not _KID.fullmatch(kid):
                raise KeyringError(f"the kid {kid!r} must be 1 to 32 letters, digits, - and _")
            _require_strong(f"the secret {kid!r}", secret)
        _require_strong("the pepper", self.pepper)

    @classmethod
    def generate(cls) -> Self:
        """A new ring with one secret."""
        kid = secrets.token_hex(4)
        return cls(kid, {kid: secrets.token_bytes(SHORTEST)}, secrets.token_bytes(SHORTEST))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a ring; raise `KeyringError`, or `OSError` if there is none to read."""
        _require_private(path)
        try:
            return cls._from_members(json.loads(path.read_bytes()))
        except (ValueError, binascii.Error, TypeError, AttributeError) as error:
            raise KeyringError(f"{path}: {error}") from error

    @classmethod
    def _from_members(cls, told: Mapping[str, object]) -> Self:
        if set(told) != _MEMBERS:
            raise KeyringError(f"it must hold exactly {', '.join(sorted(_MEMBERS))}")
        named = told["secrets"]
        if not isinstance(named, dict):
            raise KeyringError("secrets must be an object of kid to base64")
        decoded = {kid: base64.b64decode(secret, validate=True) for kid, secret in named.items()}
        return cls(str(told["signing_kid"]), decoded, base64.b64decode(str(told["pepper"]), validate=True))

    @classmethod
    def load_or_create(cls, path: Path) -> tuple[Self, bool]:
        """Read the ring, or make one where there is none; the second says whether it was made. When several start at
        once, one makes it and the others read that one."""
        try:
            return cls.load(path), False
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = cls.generate().write_new(path)
            return cls.load(path), made

    def write_new(self, path: Path) -> bool:
        """Write the ring whole, mode 0600, unless the file exists; say whether it was written."""
        encoded = {kid: base64.b64encode(secret).decode() for kid, secret in self.secrets.items()}
        pepper = base64.b64encode(self.pepper).decode()
        told = {"signing_kid": self.signing_kid, "secrets": encoded, "pepper": pepper}
        draft = write_draft(path, json.dumps(told, indent=2) + "\n")
        try:
            os.link(draft, path)  # unlike rename, never over another's
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True


def keyring_path(state: Path, environ: Mapping[str, str]) -> Path:
    """``keyring.json`` among systemd's credentials if it is there (systemd.exec(5)), else in the state directory."""
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(directory) / "keyring.json"
    return credential if directory and credential.exists() else state / "keyring.json"


def _require_private(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyringError(f"{path}: others can read it; chmod 600 {path}")


def _require_strong(name: str, secret: bytes) -> None:
    if len(secret) < SHORTEST:
        raise KeyringError(f"{name} has {len(secret)} bytes; it needs at least {SHORTEST}, from a random source")
    known = any(example.encode() in secret.lower() for example in _EXAMPLES)
    if known or len(set(secret)) < _FEWEST_DISTINCT_BYTES:
        raise KeyringError(f"{name} is an example or not random; make one with: head -c 32 /dev/urandom | base64")
