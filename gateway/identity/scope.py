"""What a playback grant opens: one path of one origin, or those beneath a prefix, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

# What an origin or a cache on the way might read as a step upwards: backslashes, control characters, and empty, `.`
# or `..` segments, with or without parameters behind them (`..;`).
_DEVIOUS = re.compile(r"[\\\x00-\x1f\x7f]|//|/\.{1,2}(?=[/;]|\Z)")

# What no decoding of RFC 3986 shows: overlong UTF-8 and IIS' own `%uXXXX`.
_EXOTIC = re.compile(r"%c0%a[ef]|%c1%9c|%e0%80%a[ef]|%u", re.IGNORECASE)

_DEEPEST = 3
"""Layers of percent-encoding that are looked through. Nothing honest has more, and each costs a pass."""


@dataclass(frozen=True, slots=True)
class Scope:
    """``origin`` as ``scheme://host[:port]``; ``prefix`` begins with a slash, or `ValueError` is raised. One that ends
    with a slash is a directory; any other is one path, and nothing beneath or beside it."""

    origin: str
    prefix: str

    def __post_init__(self) -> None:
        if not self.prefix.startswith("/"):
            raise ValueError(f"the prefix {self.prefix!r} must begin with a slash")

    @property
    def is_directory(self) -> bool:
        """Whether it covers more than one path."""
        return self.prefix.endswith("/")

    def covers(self, origin: str, path: str) -> bool:
        """Whether a raw, still percent-encoded path of an origin is the one, or lies beneath the prefix however it is
        decoded."""
        if origin != self.origin or not path.startswith(self.prefix):
            return False
        return _is_plain(path[len(self.prefix) - 1 :]) if self.is_directory else path == self.prefix


def _is_plain(path: str) -> bool:
    """Whether no layer of a path's percent-encoding hides a slash or a step; some servers decode more than once
    (CVE-2021-42013)."""
    if " " in path or _EXOTIC.search(path):
        return False
    for _ in range(_DEEPEST):
        if _DEVIOUS.search(path):
            return False
        decoded = unquote(path, "latin-1")
        if decoded == path:
            return path.isascii() or not _DEVIOUS.search(_lookalike(path))
        if decoded.count("/") != path.count("/"):
            return False
        path = decoded
    return False


def _lookalike(path: str) -> str:
    """What a decoded path becomes where letters are replaced by their nearest: dots and slashes of full width, as in
    best-fit code pages and NFKC."""
    with suppress(UnicodeEncodeError):  # or it is text already
        path = path.encode("latin-1").decode("utf-8", "replace")
    return unicodedata.normalize("NFKC", path)
