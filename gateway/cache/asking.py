"""Asking an origin on behalf of all who want to know."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, replace

from gateway.cache.conditions import confirms, validation
from gateway.cache.draft import Draft
from gateway.cache.entry import Entry
from gateway.cache.flight import Flight, Flights
from gateway.cache.freshness import Times, storable
from gateway.cache.lead import Lead, News
from gateway.cache.live import most_stale
from gateway.cache.pump import Pump
from gateway.cache.question import Abandoned
from gateway.cache.shelf import Shelf
from gateway.cache.shelves import Kept, Shelves
from gateway.cache.wish import Wish, representation
from gateway.manifests import beginning, kind_of
from gateway.manifests.decode import LARGEST
from gateway.manifests.sniff import MOST
from gateway.origins.fetcher import CacheUse, Fetched, Source
from gateway.origins.head import Head
from gateway.problem import OriginTimedOut, OriginUnreachable

_FAILURES = frozenset({500, 502, 503, 504})
"""Statuses in whose place a stale answer may be given (RFC 5861, section 4)."""

_OF_ONE_REQUEST = frozenset(range(400, 500)) - {404, 410, 416, 429}
"""Statuses that what one player has said may have led to."""

_QUICK = 256 * 1024
_UNREADABLE = 1.0
"""Seconds that a manifest may be old whose text is coded, and so does not say."""

_IN_FLIGHT = 0.5
"""Seconds that a manifest may be old that is joined before it can be read how old it may be."""


@dataclass
class Asking:
    """One question: ``wish`` is who asks, ``key`` what the answer is stored under, ``stale`` what is stored there and
    needs to be confirmed; ``lead`` is this worker's among others, if there are others."""

    source: Source
    shelves: Shelves
    clock: Callable[[], float]
    flights: Flights
    wish: Wish
    key: str
    stale: Kept | None
    lead: Lead | None

    async def answer(self, held: AsyncExitStack) -> tuple[Kept | Flight | Abandoned | Fetched, CacheUse]:
        """The origin's answer: `Fetched` if it is the asker's alone, for as long as ``held`` is open."""
        with ExitStack() as leading:
            if self.lead is not None:
                leading.callback(self.lead.release)
            reply, use = await self._answer(held)
            if isinstance(reply, Flight):
                leading.pop_all()  # until its body is whole
            elif isinstance(reply, Kept):
                self._tell(reply.shelf, reply.entry, reply.entry.size, whole=True)
            elif isinstance(reply, Fetched) and self.lead is not None:
                self.lead.tell(News(0, None, None, whole=False, open=False))
            return reply, use

    def _tell(self, shelf: Shelf, entry: Entry, total: int | None, *, whole: bool) -> None:
        if self.lead is not None:
            fresh = storable(entry.head) and entry.freshness(self.clock()) > 0
            self.lead.tell(News(self.shelves.shelves.index(shelf), entry, total, whole, fresh))

    async def _answer(self, held: AsyncExitStack) -> tuple[Kept | Flight | Abandoned | Fetched, CacheUse]:
        asked = self.clock()
        async with AsyncExitStack() as fetching:
            try:
                fetched = await self._fetched(fetching)
            except (OriginUnreachable, OriginTimedOut):
                if self.stale is None or not self._serves_in_need(self.stale):
                    raise
                return self.stale, CacheUse.STALE
            times = Times(asked, self.clock())
            if self.stale is not None:
                if fetched.head.status == 304:
                    return self._confirmed(self.stale, fetched.head, times)
                if fetched.head.status in _FAILURES and self._serves_in_need(self.stale):
                    return self.stale, CacheUse.STALE
            if flight := await self._flight(fetched, times, fetching):
                return flight, CacheUse.MISS
            await held.enter_async_context(fetching.pop_all())
            return fetched, CacheUse.NONE

    async def _fetched(self, fetching: AsyncExitStack) -> Fetched:
        """The origin's answer to what all want to know. An error that may be due to what one asker alone has said is
        nobody else's: the origin is asked again without that."""
        fields, plain = self.wish.shared(self.key), self.wish.plain(self.key)
        if fields == plain:
            return await fetching.enter_async_context(self._fetch(plain))
        with suppress(OriginUnreachable):
            async with AsyncExitStack() as first:
                fetched = await first.enter_async_context(self._fetch(fields))
                if fetched.head.status not in _OF_ONE_REQUEST:
                    await fetching.enter_async_context(first.pop_all())
                    return fetched
        return await fetching.enter_async_context(self._fetch(plain))

    def _fetch(self, fields: Mapping[str, str]) -> AbstractAsyncContextManager[Fetched]:
        asked = fields if self.stale is None else {**fields, **validation(self.stale.entry.head)}
        return self.source.fetch(self.wish.url, "GET", asked, self.wish.permit)

    @property
    def _is_whole(self) -> bool:
        return self.key == self.wish.whole

    def _serves_in_need(self, stale: Kept) -> bool:
        return stale.entry.serves_in_need(self.clock())

    def _confirmed(self, stale: Kept, head: Head, times: Times) -> tuple[Kept | Abandoned, CacheUse]:
        """A 304 about something else than what is stored, or that forbids to keep it, has them ask anew."""
        if not confirms(stale.entry.head, head):
            stale.shelf.drop(self.key)
            return Abandoned(), CacheUse.NONE
        entry = stale.entry.confirmed(head, times)
        if not storable(entry.head):
            stale.shelf.drop(self.key)
            return Abandoned(), CacheUse.NONE
        stale.shelf.keep(self.key, entry)
        return Kept(stale.shelf, entry), CacheUse.CONFIRMED

    # -- a body for all ------------------------------------------------------------------------------------------------

    async def _flight(self, fetched: Fetched, times: Times, fetching: AsyncExitStack) -> Flight | None:
        """The answer as others may have it too, and on its way into a file; None if they may not, or there is none."""
        head = representation(fetched.head, "" if self._is_whole else self.wish.part)
        placed = await self.shelves.draft(self.key, head.length) if head else None
        if head is None or placed is None:
            return None
        shelf, draft = placed
        entry = Entry(head, times, _IN_FLIGHT if kind_of(head.get("Content-Type"), b"") else None, draft.name, 0)
        flight = Flight(entry, head.length, draft.fd)
        flight.is_followed = lambda: self.lead is not None and self.lead.is_followed

        async def publish() -> None:
            await self._publish(flight, shelf, draft)

        Pump(flight, draft, fetched.body, fetching.pop_all(), publish, lambda: self._forget(flight)).start()
        self._tell(shelf, entry, head.length, whole=False)
        if storable(head) and entry.freshness(self.clock()) > 0:
            self.flights.add(self.key, flight)
        return flight

    def _forget(self, flight: Flight) -> None:
        if self.lead is not None:
            self.lead.release()
            self.lead = None
        self.flights.remove(self.key, flight)

    async def _publish(self, flight: Flight, shelf: Shelf, draft: Draft) -> None:
        """Let the whole body be found by whoever asks later, if it is of use to them."""
        entry = replace(flight.entry, most=await _most_stale(flight), size=draft.size)
        useful = storable(flight.head) and (entry.freshness(self.clock()) > 0 or validation(flight.head))
        if useful and await shelf.settled(draft) and self.shelves.keep(shelf, self.key, entry):
            draft.finish()
        self._tell(shelf, entry, draft.size, whole=True)


async def _most_stale(flight: Flight) -> float | None:
    """For how many seconds a manifest may be given out, where it changes."""
    coding = flight.head.coding
    try:
        start = beginning(os.pread(flight.fd, MOST, 0), coding)
    except OriginUnreachable:
        return None  # it is given to nobody as a manifest
    kind = kind_of(flight.head.get("Content-Type"), start)
    if kind is None or flight.received > LARGEST:
        return None
    if coding:
        return _UNREADABLE
    text = os.pread(flight.fd, flight.received, 0)
    return most_stale(kind, text) if len(text) <= _QUICK else await asyncio.to_thread(most_stale, kind, text)
