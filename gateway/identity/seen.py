"""What has been verified lately, bounded: by the exact text, and only what held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")
KEPT = 10_000


class Seen(Generic[T]):
    """A least-recently-used map from text to what it was found to mean. Failures raise, and so are never kept."""

    def __init__(self, find: Callable[[str], T]) -> None:
        self._find = find
        self._kept: LRUCache[str, T] = LRUCache(KEPT)

    def __getitem__(self, text: str) -> T:
        kept = self._kept.get(text)
        if kept is None:
            kept = self._kept[text] = self._find(text)
        return kept
