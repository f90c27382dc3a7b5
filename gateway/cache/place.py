"""Where bodies are kept in memory: a folder of one gateway's, all its workers', that ends with it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is ours alone
_LIVING = "living"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A new folder on a file system in memory, where there is one, locked by this process and its children while one of
    them lives. Those of gateways that were killed are removed first."""
    base = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    prefix = f"sluicegate-{os.geteuid()}-"
    for left in base.glob(f"{prefix}*"):
        _remove_if_dead(left)
    new = Path(tempfile.mkdtemp(prefix=f".{prefix}", dir=base))  # by a name that nobody looks for, until it is locked
    owner = os.getpid()
    lock = os.open(new / _LIVING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    folder = new
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = new.rename(base / new.name.removeprefix("."))
        yield folder
    finally:
        os.close(lock)
        if os.getpid() == owner:  # a child that ends leaves it to the others
            shutil.rmtree(folder, ignore_errors=True)


def _remove_if_dead(folder: Path) -> None:
    """One that is another user's, or is none of a gateway's, is left alone."""
    with suppress(OSError):
        if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
            return
        lock = os.open(folder / _LIVING, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
