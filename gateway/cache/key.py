"""The name under which an answer is kept."""

from __future__ import annotations

import hashlib


def key_of(href: str, span: str) -> str:
    """64 hexadecimal digits (SHA-256) for a URL and a range of it, ``span``; an empty one is the whole. No two pairs
    are written alike: the URL's length goes first."""
    return hashlib.sha256(f"{len(href)}:{href}{span}".encode("utf-8", "surrogatepass")).hexdigest()
