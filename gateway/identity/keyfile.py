"""``keys.yaml`` as a file: read privately, changed under a lock, replaced whole."""

from __future__ import annotations

import difflib
import fcntl
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gateway.identity.draft import keep_owner, write_draft
from gateway.identity.keys import KeyRecord, key_hash
from gateway.identity.keytext import KeyText
from gateway.identity.node import KeyFileError
from gateway.identity.records import CLIENT, format_records, parse_records

Records = tuple[KeyRecord, ...]


def read_keys(path: Path) -> Records:
    """The records of the file, none if it is missing; raise `KeyFileError` with the file and the place in it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: it is not UTF-8 text") from error
    if mode & 0o077:
        raise KeyFileError(f"{path}: others can read it; chmod 600 {path}")
    try:
        return parse_records(text)
    except KeyFileError as error:
        raise KeyFileError(f"{path}:{error}") from error


class KeyFile:
    """Changes to ``keys.yaml``. Each raises `KeyFileError` and changes nothing when it makes no sense."""

    def __init__(self, path: Path, pepper: bytes, clock: Callable[[], float]) -> None:
        self._path = path.resolve()  # a link stays a link: the file behind it is replaced
        self._pepper = pepper
        self._clock = clock

    def records(self) -> Records:
        """All keys, dead ones too."""
        return read_keys(self._path)

    def add(self, client: str, tier: str) -> KeyText:
        """A new key for a client, which is new or on that tier already."""
        if not CLIENT.fullmatch(client):
            raise KeyFileError(f"{client!r} is not a client's name; use up to 64 letters, digits and . _ -")
        with self._changing() as records:
            other = next((record.tier for record in records if record.client == client and record.tier != tier), None)
            if other:
                raise KeyFileError(
                    f"{client} is on the tier {other}; a client has one tier, so edit it in {self._path}"
                )
            key = _unused(records)
            records.append(self._record(key, client, tier, counter=""))
        return key

    def rotate(self, client: str, overlap: int) -> KeyText:
        """A new key that shares the old ones' counter; the old ones hold for ``overlap`` seconds more."""
        now = int(self._clock())
        with self._changing() as records:
            living = [record for record in records if record.client == client and record.alive(now)]
            if not living:
                raise KeyFileError(f"no key of {client} is alive{_nearest(client, records)}; use: keys add {client}")
            counter = living[-1].counter or living[-1].id
            for record in living:
                ends = min(record.expires or now + overlap, now + overlap)
                records[records.index(record)] = replace(record, expires=ends, counter=counter)
            key = _unused(records)
            records.append(self._record(key, client, living[-1].tier, counter))
        return key

    def revoke(self, client_or_key_id: str) -> tuple[str, ...]:
        """End all of a client's keys, or one key, now; the ids of those that were alive."""
        now = int(self._clock())
        with self._changing() as records:
            named = [record for record in records if client_or_key_id in {record.client, record.id}]
            if not named:
                raise KeyFileError(
                    f"there is no client or key id {client_or_key_id}{_nearest(client_or_key_id, records)}"
                )
            living = [record for record in named if record.revoked is None]
            for record in living:
                records[records.index(record)] = replace(record, revoked=now)
        return tuple(record.id for record in living)

    def _record(self, key: KeyText, client: str, tier: str, counter: str) -> KeyRecord:
        digest = key_hash(key.secret, self._pepper)
        return KeyRecord(key.id, client, tier, digest, int(self._clock()), counter=counter)

    @contextmanager
    def _changing(self) -> Iterator[list[KeyRecord]]:
        """Hold the lock, give the records, and write them back unless the block raises."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            keep_owner(lock, self._path)
            fcntl.flock(lock, fcntl.LOCK_EX)
            records = list(self.records())
            yield records
            write_draft(self._path, format_records(records)).replace(self._path)
        finally:
            os.close(lock)


def _unused(records: Iterable[KeyRecord]) -> KeyText:
    taken = {record.id for record in records}
    key = KeyText.generate()
    while key.id in taken:
        key = KeyText.generate()
    return key


def _nearest(name: str, records: Iterable[KeyRecord]) -> str:
    near = difflib.get_close_matches(name, {record.client for record in records} - {name}, 1)
    return f" (did you mean {near[0]}?)" if near else ""
