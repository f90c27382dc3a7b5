"""Making room on a shelf: what was of use least recently goes first, and what nobody can find any more goes anyway."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_FULL, _EMPTIED = 0.875, 0.75
"""Of its capacity: from how much on a shelf counts as full, and down to how much it is then emptied. What is above may
be written before anybody looks again."""

_SECONDS_UNNAMED = 60
"""For how long a body may be without a head: a draft is, until it is whole."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """One answer's files: when it was of use, and how many bytes they take."""

    used: float
    size: int
    key: str
    bodies: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """Of a shelf's folder. One process sweeps at a time; the others wait, and find it done."""

    folder: Path
    capacity: int

    async def room(self, wanted: int) -> int:
        """How many bytes may be added now, after what is needed for ``wanted`` has gone, if it can. Raises nothing: a
        folder that cannot be read has no room."""
        return await asyncio.to_thread(self._sweep, wanted)

    def _sweep(self, wanted: int) -> int:
        try:
            with self._alone():
                return self._make_room(wanted)
        except OSError:
            return 0

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fd = os.open(self.folder / "sweeping", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _make_room(self, wanted: int) -> int:
        stored = sorted(self._stored(), key=lambda each: each.used)
        held = sum(each.size for each in stored)
        if held + wanted > self.capacity * _FULL:
            for each in stored:
                if held + wanted <= self.capacity * _EMPTIED:
                    break
                held -= self._remove(each)
        return max(int(self.capacity * _FULL) - held, 0)

    def _stored(self) -> Iterator[_Stored]:
        """All that is there; bodies that no head can name any more are removed on the way."""
        bodies: dict[str, list[os.DirEntry[str]]] = {}
        for body in os.scandir(self.folder / "bodies"):
            bodies.setdefault(body.name.partition(".")[0], []).append(body)
        for head in os.scandir(self.folder / "heads"):
            with suppress(OSError):
                told = head.stat()
                own = bodies.pop(head.name, [])
                size = _blocks(told) + sum(_promised(body) for body in own)
                yield _Stored(told.st_atime, size, head.name, tuple(body.name for body in own))
        for unnamed in bodies.values():
            for body in unnamed:
                with suppress(OSError):
                    yield from self._unnamed(body)

    def _unnamed(self, body: os.DirEntry[str]) -> Iterator[_Stored]:
        told = body.stat()
        path = self.folder / "bodies" / body.name
        if time.time() - told.st_mtime > _SECONDS_UNNAMED and not is_written(path):
            path.unlink()
        else:  # a draft: it counts, and is the last that is to go
            yield _Stored(float("inf"), _promised(body), "", ())

    def _remove(self, stored: _Stored) -> int:
        """Bytes that are free now; a body that is being sent is freed when it has been."""
        if not stored.key:
            return 0
        (self.folder / "heads" / stored.key).unlink(missing_ok=True)
        for body in stored.bodies:
            if not is_written(self.folder / "bodies" / body):
                (self.folder / "bodies" / body).unlink(missing_ok=True)
        return stored.size


def is_written(path: Path) -> bool:
    """Whether a body's file is still locked by the process that writes it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _promised(body: os.DirEntry[str]) -> int:
    """Bytes that a body takes, or will when it is whole: its name tells, where that was known before."""
    told = body.name.split(".")
    return max(_blocks(body.stat()), int(told[2]) if len(told) == 3 and told[2].isdigit() else 0)


def _blocks(told: os.stat_result) -> int:
    return told.st_blocks * 512
