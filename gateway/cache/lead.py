"""Which of a machine's workers asks an origin, and how the others learn what it has found.

Whoever holds the lock of a key's file asks. The file says, once it is known, where the body grows; a lock that is free
says that its holder has done, or has died.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.cache.entry import Entry

_FIRST_LOOK, _LONGEST_LOOK = 0.002, 0.02
"""Seconds between one look at what another worker has done and the next."""

_TRIES = 5


@dataclass(frozen=True, slots=True)
class News:
    """What a leader has found: an answer that all may have, and whether its body is ``whole``, by when the entry's size
    holds; ``open`` if who comes later may have it too. Without an entry nobody else may."""

    shelf: int
    entry: Entry | None
    total: int | None
    whole: bool
    open: bool

    def written(self) -> bytes:
        """As the file holds it: its length, and JSON."""
        entry = self.entry.written().decode() if self.entry else None
        text = json.dumps([self.shelf, entry, self.total, self.whole, self.open]).encode()
        return len(text).to_bytes(4, "big") + text

    @classmethod
    def read(cls, content: bytes) -> Self | None:
        """Read what `written` gave; None if it is not there yet, or only a part."""
        length = int.from_bytes(content[:4], "big")
        if not length or len(content) < 4 + length:
            return None
        try:
            shelf, entry, total, whole, is_open = json.loads(content[4 : 4 + length])
        except ValueError:
            return None
        return cls(shelf, Entry.read(entry.encode()) if entry else None, total, whole, is_open)


@dataclass
class Lead:
    """The right to ask, and the duty to tell; held from when it is taken until it is released."""

    path: Path
    fd: int

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lead of a key's file, or None if another worker has it."""
        for _ in range(_TRIES):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                return None
            if _is_at(fd, path):
                os.ftruncate(fd, 0)  # what one who was killed has told
                return cls(path, fd)
            os.close(fd)  # it was released, and removed, in between
        return None

    def tell(self, news: News) -> None:
        """Let the others know. Without room to tell it, they find that the lead has ended."""
        with suppress(OSError):
            os.pwrite(self.fd, news.written(), 0)

    @property
    def is_followed(self) -> bool:
        """Whether another worker has viewers of what this one fetches."""
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.lockf(self.fd, fcntl.LOCK_UN)
        return False

    def release(self) -> None:
        """Nothing more will be told; what was stays to be read by those who have the file open."""
        self.path.unlink(missing_ok=True)
        os.close(self.fd)


@dataclass
class Watch:
    """Another worker's lead, as it is seen from here."""

    fd: int

    @classmethod
    @contextmanager
    def on(cls, path: Path) -> Iterator[Self]:
        """While the block runs; one that has ended has no news, and is not led."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield cls(fd)
        finally:
            os.close(fd)

    def news(self) -> News | None:
        """What is known by now."""
        return News.read(os.pread(self.fd, os.fstat(self.fd).st_size, 0))

    @property
    def is_led(self) -> bool:
        """Whether there is still somebody to tell more."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self.fd, fcntl.LOCK_UN)
        return False

    def follow(self) -> None:
        """Tell who leads that somebody needs what it fetches, until this watch ends. Such locks (fcntl(2)) have nothing
        to do with those of `is_led` (flock(2))."""
        with suppress(OSError):
            fcntl.lockf(self.fd, fcntl.LOCK_SH | fcntl.LOCK_NB)

    async def looks(self) -> AsyncIterator[bool]:
        """Now and then, for as long as somebody leads, whether that is so; the last time it is not."""
        wait = _FIRST_LOOK
        while led := self.is_led:
            yield led
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, _LONGEST_LOOK)
        yield False


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.fstat(fd).st_ino == path.stat().st_ino
    except OSError:
        return False
