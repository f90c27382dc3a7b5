"""Stored answers as files in a folder: on a file system in memory, or on a disk. All workers of a machine share them.

A head names its body's file, and takes the place of another head in one step (rename(2)); a body is never changed once
a head names it. Whatever moment a process is killed at, what can be found is whole; what cannot be found is swept away.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cachetools import LRUCache

from gateway.cache.draft import Allowance, Draft, cost
from gateway.cache.entry import Entry
from gateway.cache.sweep import Sweep

_PARTS = 8
"""Into how many of the largest bodies a shelf's capacity goes."""

_GRANTS = 16
"""Into how many parts the capacity goes that are written before somebody looks again how full it is."""

_SPARE = 16 * 1024 * 1024
"""Bytes that are left free on the file system, which may be others' too."""

_UNKNOWN = 1024 * 1024
"""Bytes set aside for a body whose length is not told."""

_HEAD = 4096
"""Bytes of a head that are set aside with the body's."""

_log = logging.getLogger("sluicegate.cache")
_SECONDS_BETWEEN_TOUCHES = 30
_SECONDS_FULL = 1.0
_REMEMBERED_HEADS = 4096


class Shelf:
    """A folder of at most ``capacity`` bytes, written to by so many ``sharers``; ``lasting`` if it is on a disk. One
    that cannot be written to stores nothing, and says so once."""

    def __init__(self, folder: Path, capacity: Callable[[], int], sharers: int, *, lasting: bool) -> None:
        self.folder = folder
        self._capacity = capacity
        self._lasting = lasting
        self._sharers = sharers
        self._heads, self._bodies = folder / "heads", folder / "bodies"
        self._allowance = Allowance()
        self._full_until = 0.0
        self._memo: LRUCache[str, tuple[tuple[int, int], Entry, float]] = LRUCache(_REMEMBERED_HEADS)
        self._sweeping = asyncio.Lock()
        self._made = False
        self._told = False

    @property
    def capacity(self) -> int:
        """Bytes of all that is stored; what more there is goes with the next sweep."""
        return self._capacity()

    @property
    def largest(self) -> int:
        """Bytes of the largest body that is stored."""
        return self.capacity // _PARTS

    # -- reading -------------------------------------------------------------------------------------------------------

    def find(self, key: str, now: float) -> Entry | None:
        """The stored answer under a key, if there is one, fresh or not. ``now`` says when it was last of use."""
        path = f"{self._heads}/{key}"
        try:
            seen = os.stat(path)  # noqa: PTH116 - once a request: a path's own is three times slower
        except OSError:
            return None
        version = (seen.st_ino, seen.st_mtime_ns)
        known = self._memo.get(key)
        if known is None or known[0] != version:
            entry = self._read(path)
            if entry is None:
                return None
            known = (version, entry, 0.0)
        if now - known[2] > _SECONDS_BETWEEN_TOUCHES:
            with suppress(OSError):
                os.utime(path, ns=(int(now * 1e9), seen.st_mtime_ns))
            self._memo[key] = (version, known[1], now)
        return known[1]

    def _read(self, path: str) -> Entry | None:
        try:
            return Entry.read(Path(path).read_bytes())
        except OSError:
            return None

    @contextmanager
    def opened(self, entry: Entry) -> Iterator[int]:
        """The descriptor of an answer's body, which outlives the answer; raise `OSError` if it is gone."""
        fd = os.open(f"{self._bodies}/{entry.body}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)

    # -- writing -------------------------------------------------------------------------------------------------------

    async def draft(self, key: str, size: int | None) -> Draft | None:
        """A file for a body of so many bytes, or of nobody knows how many; None if there is no room for it."""
        told = size is not None
        wanted = cost(_UNKNOWN if size is None else size)
        if (size or 0) > self.largest or not await self._make_room(wanted):
            return None
        name = f"{key}.{secrets.token_hex(4)}" + (f".{wanted}" if told else "")
        try:
            return Draft(self._bodies / name, self._allowance, wanted, told=told)
        except OSError as error:
            self._allowance.left += wanted
            self._made = False  # perhaps somebody has emptied it
            self._tell(error)
            return None

    async def _make_room(self, size: int) -> bool:
        if not (self._made or self._make()) or not self._has_space(size):
            return False
        if self._allowance.take(size):
            return True
        async with self._sweeping:  # who waits for another's sweep mostly finds room afterwards
            return self._allowance.take(size) or (time.monotonic() > self._full_until and await self._sweep(size))

    async def _sweep(self, size: int) -> bool:
        """Whether there is room after a sweep. One that finds none is enough for a while: viewers wait for it."""
        room = await Sweep(self.folder, self.capacity).room(size + self._allowance.pending)
        share = self.capacity // _GRANTS // self._sharers
        self._allowance.left = min(room - self._allowance.pending, max(share, size))
        if self._allowance.take(size):
            return True
        self._full_until = time.monotonic() + _SECONDS_FULL
        return False

    def _make(self) -> bool:
        try:
            for part in (self.folder, self._heads, self._bodies):
                _make_own(part)
        except OSError as error:
            self._tell(error)
            return False
        self._made = True
        return True

    def _tell(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            _log.error("nothing is kept in %s: %s", self.folder, error)

    def _has_space(self, size: int) -> bool:
        try:
            told = os.statvfs(self._bodies)
        except OSError:
            self._made = False
            return False
        return told.f_bavail * told.f_frsize >= size + _SPARE

    async def settled(self, draft: Draft) -> bool:
        """Whether a body that is whole will still be when the machine has lost its power, as far as it is to be."""
        if not self._lasting:
            return True
        try:
            await asyncio.to_thread(os.fdatasync, draft.fd)
        except OSError:
            return False
        return True

    def keep(self, key: str, entry: Entry) -> bool:
        """Let an answer be found, in place of what was there; False if it cannot be written."""
        head = self._heads / f"{key}.{secrets.token_hex(4)}"
        try:
            before = self._read(f"{self._heads}/{key}")
            self._allowance.left -= max(0, head.write_bytes(entry.written()) - _HEAD)
            head.replace(self._heads / key)
        except OSError:
            _remove(head)
            return False
        if before is not None and before.body != entry.body:
            _remove(self._bodies / before.body)
        return True

    def drop(self, key: str) -> None:
        """Let an answer not be found any more."""
        before = self._read(f"{self._heads}/{key}")
        _remove(self._heads / key)
        if before is not None:
            _remove(self._bodies / before.body)


def _remove(path: Path) -> None:
    """Where it cannot be removed, as on a disk that has become read-only, it stays."""
    with suppress(OSError):
        path.unlink()


def _make_own(folder: Path) -> None:
    """Raise `PermissionError` for a folder of another user's, who could put there what he likes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = folder.stat(follow_symlinks=False)
    if told.st_uid != os.geteuid() or told.st_mode & 0o022:
        raise PermissionError(f"{folder} is not ours alone; remove it, or name another folder")
