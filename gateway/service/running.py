"""The requests that a worker is answering: what a stop waits for, and cuts when it can wait no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Cut = Callable[[str], None]
"""Ends one request's connection so that its client sees that bytes are missing; takes who cut it, for the log."""


class Running:
    """The cuts of all requests under way; ``idle`` is set while there is none."""

    def __init__(self) -> None:
        self._cuts: set[Cut] = set()
        self.idle = asyncio.Event()
        self.idle.set()

    def __len__(self) -> int:
        return len(self._cuts)

    def begin(self, cut: Cut) -> None:
        """A request has come."""
        self._cuts.add(cut)
        self.idle.clear()

    def end(self, cut: Cut) -> None:
        """It is answered, or was cut."""
        self._cuts.discard(cut)
        if not self._cuts:
            self.idle.set()

    def cut_all(self) -> None:
        """End what is left."""
        for cut in tuple(self._cuts):
            cut("gateway")
