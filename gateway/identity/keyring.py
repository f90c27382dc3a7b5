"""The server's secrets: the key ring that signs tokens, and the pepper that keyed hashes of API keys are made with."""

from __future__ import annotations

import base64
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
from gateway.identity.members import parse_members
from gateway.identity.strength import SHORTEST, weakness

_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MEMBERS = {"signing_kid", "secrets", "pepper"}


class KeyringError(ValueError):
    """The key ring cannot be used; the message names the file and says what would be right."""


@dataclass(frozen=True)
class Keyring:
    """``secrets`` by kid; all verify, ``signing_kid`` signs. Rotate by adding one, then signing with it, then removing
    the old one when the longest lifetime has passed. Raises `KeyringError` for a ring that is not safe to use."""

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
    def load(cls, path: Path, environ: Mapping[str, str] = os.environ) -> Self:
        """Read a ring; raise `KeyringError`, or `OSError` if there is none to read. Others must not be able to read
        it, unless it is one of the credentials that ``environ`` names: those systemd guards."""
        _require_private(path, environ)
        try:
            return cls._from_members(parse_members(path.read_bytes()))
        except ValueError as error:
            raise KeyringError(f"{path}: {error}") from error

    @classmethod
    def _from_members(cls, told: Mapping[str, object]) -> Self:
        if set(told) != _MEMBERS:
            raise KeyringError(f"it must hold exactly {', '.join(sorted(_MEMBERS))}")
        kid, named = told["signing_kid"], told["secrets"]
        if not isinstance(kid, str) or not isinstance(named, dict):
            raise KeyringError("signing_kid must be a string, and secrets an object of kid to base64")
        decoded = {kid: _decoded(f"the secret {kid!r}", secret) for kid, secret in named.items()}
        return cls(kid, decoded, _decoded("the pepper", told["pepper"]))

    @classmethod
    def load_or_create(cls, path: Path, environ: Mapping[str, str] = os.environ) -> tuple[Self, bool]:
        """Read the ring, or make one where there is none; the second says whether it was made. When several start at
        once, one makes it and the others read that one."""
        try:
            return cls.load(path, environ), False
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = cls.generate().write_new(path)
            return cls.load(path, environ), made

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


def _require_private(path: Path, environ: Mapping[str, str]) -> None:
    # A credential of a service with User= reads 0440: its ACL's mask shows in the group's bits, though no group can
    # read it (systemd issue 29435).
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if directory and path.parent == Path(directory):
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyringError(f"{path}: others can read it; chmod 600 {path}")


def _decoded(name: str, text: object) -> bytes:
    if not isinstance(text, str):
        raise KeyringError(f"{name} must be a string of base64")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise KeyringError(f"{name} is not base64: {error}") from error


def _require_strong(name: str, secret: bytes) -> None:
    if told := weakness(secret):
        raise KeyringError(f"{name} {told}")
