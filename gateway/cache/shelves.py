"""The shelves of a cache, the quickest first: what is small enough for it lies in memory, the rest on a disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.cache.draft import Draft
from gateway.cache.entry import Entry
from gateway.cache.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored answer, and where it lies."""

    shelf: Shelf
    entry: Entry


@dataclass(frozen=True, slots=True)
class Shelves:
    """In the order in which they are looked at."""

    shelves: Sequence[Shelf]

    @property
    def in_use(self) -> bool:
        """Whether anything is stored at all."""
        return any(shelf.largest for shelf in self.shelves)

    def find(self, key: str, now: float) -> Kept | None:
        """What is stored under a key, fresh or not; ``now`` is in seconds of the epoch."""
        for shelf in self.shelves:
            if entry := shelf.find(key, now):
                return Kept(shelf, entry)
        return None

    async def draft(self, key: str, size: int | None) -> tuple[Shelf, Draft] | None:
        """A file for a body of so many bytes, on the first shelf that has room for it; None if none has."""
        for shelf in self.shelves:
            if draft := await shelf.draft(key, size):
                return shelf, draft
        return None

    def keep(self, shelf: Shelf, key: str, entry: Entry) -> bool:
        """Let an answer be found, and no older one on another shelf; False if it cannot be written."""
        kept = shelf.keep(key, entry)
        for other in self.shelves:
            if other is not shelf:
                other.drop(key)
        return kept
