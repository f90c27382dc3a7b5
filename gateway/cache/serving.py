"""One player's answer, out of what lies on a shelf or is on its way there."""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from gateway.cache.flight import Flight
from gateway.cache.reading import GrowingBody, StoredBody
from gateway.cache.shelves import Kept
from gateway.cache.wish import NEAR, Wish, aged
from gateway.origins.extent import Extent
from gateway.origins.fetcher import CacheUse, Fetched, Source
from gateway.problem import OutOfCapacity


class EmptyBody:
    """Of an answer that has none."""

    async def read(self) -> bytes:
        """Nothing."""
        return b""


def from_shelf(kept: Kept, wish: Wish, use: CacheUse, now: float, held: AsyncExitStack) -> Fetched | None:
    """The answer out of a stored one; None if that is gone from its shelf. Raises `OutOfCapacity` if it is there, and
    cannot be opened now."""
    entry = kept.entry
    response = wish.out_of(aged(entry.head, entry.age(now)), entry.size)
    if not response.count:
        return Fetched(response.head, EmptyBody(), use)
    try:
        fd = held.enter_context(kept.shelf.opened(entry))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutOfCapacity("What is stored cannot be opened now.") from error
    if os.fstat(fd).st_size != entry.size:
        return None
    return Fetched(response.head, StoredBody(fd, response.first, response.count), use)


def from_flight(flight: Flight, wish: Wish, use: CacheUse, source: Source, held: AsyncExitStack) -> Fetched | None:
    """The answer out of a body that is on its way; None if what is wished of it is far off, or cannot be told yet."""

    def resume(rest: Extent) -> AbstractAsyncContextManager[Fetched]:
        return source.fetch(wish.url, "GET", wish.unconditional | rest.fields, wish.permit)

    if flight.total is None:
        if flight.head.status == 200 and (wish.is_conditional or not wish.is_of_all):
            return None
        head, body = flight.head, GrowingBody(flight, resume, held)
    else:
        response = wish.out_of(flight.head, flight.total)
        if not response.count:
            return Fetched(response.head, EmptyBody(), use)
        head, body = response.head, GrowingBody(flight, resume, held, response.first, response.count)
    if body.position > flight.received + NEAR:
        return None
    held.enter_context(flight.watched(body))
    return Fetched(head, body, use)
