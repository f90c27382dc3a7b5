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
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
