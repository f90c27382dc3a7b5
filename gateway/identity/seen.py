"""What has been verified lately, bounded: by the exact text, and only what held."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 10_000


class Seen(Generic[T]):
    """A least-recently-used map from text to what it was found to mean. Failures raise, and so are never kept."""

    def __init__(self, find: Callable[[str], T]) -> None:
        self._find = find
        self._kept: OrderedDict[str, T] = OrderedDict()

    def __getitem__(self, text: str) -> T:
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        found = self._find(text)
        self._kept[text] = found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found
