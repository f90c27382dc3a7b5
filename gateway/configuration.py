"""What the operator's two files say, compiled: one generation at a time, swapped whole, kept when an edit is broken."""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.identity import KeyFileError, Keys, read_keys
from gateway.origins.guard import Guard
from gateway.policy import Policy
from gateway.tiers import ConfigErrors, Tier, TierFile, compile_tiers

_log = logging.getLogger("sluicegate.configuration")


@dataclass(frozen=True)
class Generation:
    """One reading of ``tiers.yaml`` and ``keys.yaml``. A request keeps the generation that it started with."""

    number: int
    file: TierFile
    keys: Keys
    guard: Guard

    def tier(self, name: str) -> Tier:
        """The tier of an identity that this generation's keys vouch for."""
        return self.file.tiers[name]


@dataclass(frozen=True)
class Sources:
    """Where a generation is compiled from. ``listeners`` are the gateway's own (address, port) pairs."""

    tiers: Path
    keys: Path
    policies: Mapping[str, type[Policy]]
    pepper: bytes
    listeners: frozenset[tuple[str, int]] = frozenset()

    def compile(self, number: int) -> Generation:
        """Read both files; raise `ConfigErrors`, `KeyFileError` or `OSError`."""
        file = compile_tiers(self.tiers.read_bytes(), self.policies)
        records = read_keys(self.keys)
        for client, tier in sorted({(key.client, key.tier) for key in records if key.tier not in file.tiers}):
            _log.warning("%s: there is no tier %s, so the keys of client %s are dead", self.keys, tier, client)
        keys = Keys(records, file.open_keys, self.pepper, frozenset(file.tiers))
        guard = Guard(file.origins, self.listeners, file.reaches)
        for origin, fallback in guard.own_fallbacks:
            _log.warning("%s: %s is this gateway itself, and no fallback of %s", self.tiers, fallback, origin)
        return Generation(number, file, keys, guard)

    def require_keys(self) -> None:
        """Raise `KeyFileError` if the file of keys is missing or empty: more likely half written than meant."""
        if not self.keys.exists() or not self.keys.stat().st_size:
            right = "revoke keys to end them, or write clients: {} to end all"
            raise KeyFileError(f"{self.keys}: it is missing or empty, which would end every key; {right}")

    def digest(self) -> bytes:
        """A hash of what both files hold now, and of who may read them; a missing file counts as empty."""
        return hashlib.sha256(b"".join(_fingerprint(path) for path in (self.tiers, self.keys))).digest()


def _fingerprint(path: Path) -> bytes:
    if not path.exists():
        return b""
    return hashlib.sha256(path.read_bytes()).digest() + str(path.stat().st_mode).encode()


class Configuration:
    """The generation in force. Raises as `Sources.compile` does when the first one cannot be compiled."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._seen = sources.digest()
        self.current = sources.compile(1)
        self.last_reload_successful = True

    def reload(self) -> None:
        """Compile both files and swap them in; on any error log its place and keep the old generation."""
        self._seen = self._digest()
        try:
            if self.current.keys.any_records:
                self._sources.require_keys()
            self.current = self._sources.compile(self.current.number + 1)
        except (ConfigErrors, KeyFileError, OSError) as error:
            self.last_reload_successful = False
            for line in explain(error, self._sources.tiers):
                _log.error("not reloaded, generation %d stays in force: %s", self.current.number, line)
        else:
            self.last_reload_successful = True
            _log.info("generation %d is in force", self.current.number)

    def reload_if_changed(self) -> None:
        """Reload if what either file holds differs from what was last read."""
        if self._digest() != self._seen:
            self.reload()

    def _digest(self) -> bytes:
        """What the files hold, or why they cannot be read: an error is told once, and again when it is another."""
        try:
            return self._sources.digest()
        except OSError as error:
            return str(error).encode()


def explain(error: ConfigErrors | KeyFileError | OSError, tiers: Path) -> list[str]:
    """One line for each thing that is wrong, beginning with its place."""
    if isinstance(error, ConfigErrors):
        return error.lines(tiers.name)
    return [_unread(error) if isinstance(error, OSError) and error.filename else str(error)]


def _unread(error: OSError) -> str:
    """A file that cannot be used, and whose rights count: an operator's own are not those of the service's user."""
    told = f"{error.filename}: {error.strerror}"
    if isinstance(error, PermissionError):
        with suppress(KeyError):
            told += f"; the user {pwd.getpwuid(os.geteuid()).pw_name} must be let in"
    return told
