"""A body on its way into a file, from which it is read while it still grows."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_STEP = 1024 * 1024
"""Bytes that are asked for at once, where it is not known how many will come."""


_BLOCK = 4096


def cost(size: int) -> int:
    """Bytes that a body of so many takes on a shelf: files are made of blocks, and it has a head."""
    return (size + _BLOCK - 1) // _BLOCK * _BLOCK + _BLOCK


class Allowance:
    """Bytes that this process may still write to a shelf before it has to look how full it is: ``left`` for drafts to
    come, and ``pending`` set aside for those under way whose files do not tell how large they will be."""

    def __init__(self) -> None:
        self.left = 0
        self.pending = 0

    def take(self, size: int) -> bool:
        """Set bytes aside, if there are so many."""
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass
class Draft:
    """A file that grows, locked while it does, so that other processes see whether its writer lives. ``reserved`` are
    bytes of the allowance that are set aside for it; ``told`` if that is known to be enough."""

    path: Path
    allowance: Allowance
    reserved: int
    told: bool = field(kw_only=True)
    size: int = 0
    fd: int = field(init=False)
    _settled: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._set_aside(self.reserved)

    def _set_aside(self, size: int) -> None:
        if not self.told:
            self.allowance.pending += size

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def append(self, chunk: bytes) -> bool:
        """Write it behind what is there; False if there is no room for all of it, on the shelf or on the disk."""
        size = len(chunk)
        if self.size + size > self.reserved and not self._reserve(size):
            return False
        try:
            written = os.pwrite(self.fd, chunk, self.size)
        except OSError:  # a full disk, a quota, a broken device: the cache is of no use, the stream is
            return False
        if written < size:
            return False
        self.size += size
        self._set_aside(-size)
        return True

    def _reserve(self, size: int) -> bool:
        more = max(_STEP, size)
        if not self.allowance.take(more):
            return False
        self.reserved += more
        self._set_aside(more)
        return True

    def finish(self) -> None:
        """It is whole: let go of what it did not need. Its file is its writer's no more."""
        self._settled = True
        self._set_aside(self.size - self.reserved)
        self.allowance.left += self.reserved - cost(self.size)
        fcntl.flock(self.fd, fcntl.LOCK_UN)

    def discard(self) -> None:
        """Take the file away, unless it is finished; who has it open can read on."""
        if not self._settled:
            with suppress(OSError):
                self.path.unlink()
            self.finish()

    def close(self) -> None:
        """Nobody reads it by this descriptor any more."""
        os.close(self.fd)
