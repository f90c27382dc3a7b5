"""A body that grows in a file while it is read there by many, each at a pace of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gateway.cache.entry import Entry
from gateway.origins.head import Head
from gateway.origins.lasting import Readable
from gateway.problem import Problem

LOOKAHEAD = 16 * 1024 * 1024
"""Bytes that are fetched beyond what the fastest viewer has taken: who seeks away has not cost the whole of a film."""

LITTLE = 64 * 1024
"""Bytes of a body that are fetched though nobody waits for them: to ask for it again would cost more."""


class Viewer(Protocol):
    """Who reads a flight's file."""

    @property
    def position(self) -> int:
        """Bytes of the body until where it has read."""

    @property
    def reads_on(self) -> bool:
        """Whether it reads to the end of the body."""


@dataclass(eq=False)
class Flight:
    """``entry`` has the representation's head, and says how long who comes may join; ``total`` is its size: one that is
    not told is known when the body is ``whole``. ``fd`` is the file's, ``on_empty`` called when nobody watches what is
    not whole, nor, as ``is_followed`` tells, on another worker."""

    entry: Entry
    total: int | None
    fd: int
    on_empty: Callable[[], None] = field(default=lambda: None)
    is_followed: Callable[[], bool] = field(default=lambda: False)
    received: int = field(default=0, init=False)
    whole: bool = field(default=False, init=False)
    failure: Problem | None = field(default=None, init=False)
    over: bool = field(default=False, init=False)
    """Whether its file may be closed: nobody watches, and nobody is to join."""

    lost: bool = field(default=False, init=False)
    """Whether no more will come into the file, though there is more; the ``heir`` alone reads on, from ``rest``."""

    heir: Viewer | None = field(default=None, init=False)
    rest: Readable | None = field(default=None, init=False)
    viewers: set[Viewer] = field(default_factory=set, init=False)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list, init=False)

    @property
    def head(self) -> Head:
        """The representation's."""
        return self.entry.head

    @property
    def ended(self) -> bool:
        """Whether no more will come."""
        return self.whole or self.lost or self.failure is not None

    @contextmanager
    def watched(self, viewer: Viewer) -> Iterator[None]:
        """While the block runs, the body is wanted; not to be called when it is over."""
        self.viewers.add(viewer)
        self.stir()  # it may want what nobody else is near to
        try:
            yield
        finally:
            self.viewers.discard(viewer)
            self.stir()
            self.end_if_unwatched()

    def end_if_unwatched(self) -> None:
        """Nobody needs the rest of a body that nobody watches, unless it is a little one, such as a redirect's whose
        head was enough; one that is whole is not over before it is stored."""
        is_little = self.total is not None and self.total - self.received <= LITTLE
        if not (self.viewers or is_little or self.whole or self.over or self.is_followed()):
            self.over = True
            self.on_empty()

    async def left(self) -> None:
        """Wait until nobody watches any more, and let nobody join after that."""
        while self.viewers:
            await self.change()
        self.over = True

    # -- for who fills it ----------------------------------------------------------------------------------------------

    def grew(self, size: int) -> None:
        """So many bytes more are in the file."""
        self.received += size
        if self.received == self.total:
            self.whole = True
        self.stir()

    def finish(self) -> None:
        """All is in the file."""
        self.total = self.received
        self.whole = True
        self.stir()

    def fail(self, failure: Problem) -> None:
        """The rest cannot be had."""
        self.failure = failure
        self.stir()

    def lose(self, rest: Readable | None) -> None:
        """The rest can be had, but not in the file: the first of the viewers is given it."""
        self.lost = True
        if rest is not None:
            self.heir, self.rest = next((it for it in self.viewers if it.reads_on), None), rest
        self.stir()

    async def room(self) -> None:
        """Wait until somebody is near enough to the end of what is there."""
        while self.viewers and self.received - max(it.position for it in self.viewers) > LOOKAHEAD:
            await self.change()

    # -- for all -------------------------------------------------------------------------------------------------------

    async def change(self) -> None:
        """Wait until something is otherwise."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def stir(self) -> None:
        """Something is otherwise."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)


class Flights:
    """The flights that who comes now may join, by their keys."""

    def __init__(self) -> None:
        self._by_key: dict[str, Flight] = {}

    def find(self, key: str, now: float) -> Flight | None:
        """One that is not over, and still fresh; ``now`` is in seconds of the epoch."""
        flight = self._by_key.get(key)
        return None if flight is None or flight.over or flight.entry.freshness(now) <= 0 else flight

    def add(self, key: str, flight: Flight) -> None:
        """In place of an older one."""
        self._by_key[key] = flight

    def remove(self, key: str, flight: Flight) -> None:
        """It is not to be joined any more; another one under its key is."""
        if self._by_key.get(key) is flight:
            del self._by_key[key]
