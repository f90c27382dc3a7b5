"""A fetch that another worker of this machine makes, as the viewers of this one see it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from gateway.cache.entry import Entry
from gateway.cache.flight import LOOKAHEAD, Flight, Flights
from gateway.cache.lead import News, Watch
from gateway.cache.question import Abandoned, Reply, Unshared
from gateway.cache.shelves import Kept, Shelves
from gateway.origins.extent import Extent

_SECONDS_HELD_UP = 2
"""For how long a fetch may stand still whose own viewers are perhaps slow, before those of this worker leave it."""


@dataclass
class Following:
    """Of what a ``watch`` sees. ``held`` is closed when nobody here watches any more."""

    key: str
    shelves: Shelves
    flights: Flights
    clock: Callable[[], float]
    watch: Watch
    held: ExitStack
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def reply(self) -> Reply:
        """What the other worker has found, as `Question.reply` tells it."""
        came_late = self.watch.news() is not None
        async for led in self.watch.looks():
            news = self.watch.news()
            if news is None:
                continue
            is_open = news.entry is not None and news.open and news.entry.freshness(self.clock()) > 0
            if news.entry is None or (came_late and not is_open):
                return Unshared()
            if news.whole:
                return Kept(self.shelves.shelves[news.shelf], news.entry)
            return self._flight(news, news.entry) if led else Abandoned()
        return Abandoned()

    def _flight(self, news: News, entry: Entry) -> Reply:
        try:
            fd = self.held.enter_context(self.shelves.shelves[news.shelf].opened(entry))
        except OSError:
            return Abandoned()
        flight = Flight(entry, news.total, fd)
        flight.on_empty = self._stop
        self.watch.follow()
        if news.open:
            self.flights.add(self.key, flight)
        self._task = asyncio.create_task(self._follow(flight, entry.body, self.held.pop_all()))
        return flight

    def _stop(self) -> None:
        if self._task is not None:  # a task that is cancelled before its first step would not end what it holds
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _follow(self, flight: Flight, body: str, held: ExitStack) -> None:
        with held:
            try:
                await self._fill(flight, body)
            finally:
                self.flights.remove(self.key, flight)
                if not flight.ended:
                    flight.lose(None)
                await flight.left()

    async def _fill(self, flight: Flight, body: str) -> None:
        """Until the other worker's file is whole, or will not be."""
        moved, can_resume = time.monotonic(), Extent.of(flight.head) is not None
        async for led in self.watch.looks():
            news, there = self.watch.news(), os.fstat(flight.fd).st_size
            if there > flight.received:
                moved = time.monotonic()
                flight.grew(there - flight.received)
            if news and news.entry and news.entry.body != body:
                return  # who led has died, and another has begun anew
            if news and news.whole and news.entry and news.entry.size == there:
                flight.finish()
                return
            if led and can_resume and there > LOOKAHEAD and time.monotonic() - moved > _SECONDS_HELD_UP:
                return
