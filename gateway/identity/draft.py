"""A private file beside another, written whole before it takes the other's place."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_draft(path: Path, text: str) -> Path:
    """Write ``text`` to a new file, mode 0600, in the folder of ``path``, down to the disk; return where it is."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        keep_owner(descriptor, path)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def keep_owner(descriptor: int, path: Path) -> None:
    """Give an open file to the owner of the one at ``path``, or of its folder if there is none.

    An operator makes keys as root, and the service that reads them runs as another. Only root can give files away;
    for anyone else nothing changes.
    """
    like = (path if path.exists() else path.parent).stat()
    if os.geteuid() == 0 and like.st_uid != 0:
        os.fchown(descriptor, like.st_uid, like.st_gid)
