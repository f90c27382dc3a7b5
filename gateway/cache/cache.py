"""A shared cache (RFC 9111) before the origins, in which one fetch serves all who want the same at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

from cachetools import LRUCache

from gateway.cache.asking import Asking
from gateway.cache.conditions import NotOneRange, Wanted
from gateway.cache.flight import Flight, Flights
from gateway.cache.following import Following
from gateway.cache.freshness import shareable
from gateway.cache.lead import Lead, Watch
from gateway.cache.question import Question, Reply, Unshared
from gateway.cache.serving import EmptyBody, from_flight, from_shelf
from gateway.cache.shelves import Kept, Shelves
from gateway.cache.wish import Wish
from gateway.origins.fetcher import CacheUse, Fetched, Source
from gateway.origins.guard import Permit
from gateway.origins.url import MediaUrl

UNSHARED_SECONDS = 1.0
"""For so long an answer that only its asker may have lets others ask for the same by themselves at once, instead of one
waiting for the other's."""

_REMEMBERED = 4096


@dataclass(frozen=True)
class Cache:
    """A source before another, ``source``. ``clock`` gives seconds since the epoch; ``leads`` is a folder by which the
    workers of a machine agree on who asks an origin, None if there is one worker."""

    source: Source
    shelves: Shelves
    clock: Callable[[], float]
    leads: Path | None = None
    _questions: dict[str, Question] = field(default_factory=dict, init=False)
    _flights: Flights = field(default_factory=Flights, init=False)
    _unshared: LRUCache[tuple[str, str | None], float] = field(
        default_factory=lambda: LRUCache(_REMEMBERED), init=False
    )
    """Until when on the monotonic clock answers count as their askers' alone, by URL and range."""

    def close(self) -> None:
        """As `Source.close`."""
        self.source.close()

    def fetch(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """As `Source.fetch`; what the player's Cache-Control says is not looked at."""
        return _Fetching(self, url, method, fields, permit)

    def post(
        self, url: MediaUrl, fields: Mapping[str, str], content: bytes, permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """As `Source.post`."""
        return self.source.post(url, fields, content, permit)

    def passes(self, url: MediaUrl, fields: Mapping[str, str]) -> bool:
        """Whether a request is for its asker alone, as far as can be told before it is made."""
        return not self.shelves.in_use or (
            bool(self._unshared) and self._unshared.get((url.href, fields.get("Range")), 0.0) > time.monotonic()
        )

    async def served(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit, held: AsyncExitStack
    ) -> Fetched | None:
        """An answer that is shared, or could have been; None if the request is for its asker alone."""
        if method == "HEAD":
            return self._head(url, fields, permit, held)
        try:
            wish = Wish(url, fields, permit, Wanted.of(fields))
        except NotOneRange:
            return None
        return await self._get(wish, held)

    def _head(self, url: MediaUrl, fields: Mapping[str, str], permit: Permit, held: AsyncExitStack) -> Fetched | None:
        """What is stored of the whole, without its body: a range is only of a GET (RFC 9110, section 14.2)."""
        wish = Wish(url, {name: value for name, value in fields.items() if "Range" not in name}, permit, None)
        served = self._hit(wish, self.clock(), held)
        return replace(served, body=EmptyBody()) if served else None

    def _hit(self, wish: Wish, now: float, held: AsyncExitStack) -> Fetched | None:
        for key in (wish.whole, wish.part):
            kept = self.shelves.find(key, now) if key else None
            is_fresh = kept is not None and kept.entry.freshness(now) > 0
            if kept and is_fresh and (served := self._kept(kept, key, wish, CacheUse.HIT, held)):
                return served
        return None

    def _kept(self, kept: Kept, key: str, wish: Wish, use: CacheUse, held: AsyncExitStack) -> Fetched | None:
        served = from_shelf(kept, wish, use, self.clock(), held)
        if served is None:  # only its head is left, and would be found, or confirmed, again and again
            kept.shelf.drop(key)
        return served

    async def _get(self, wish: Wish, held: AsyncExitStack) -> Fetched | None:
        while True:
            now = self.clock()
            if served := self._hit(wish, now, held) or self._joined(wish, now, held):
                return served
            stale = self.shelves.find(wish.whole, now)
            if wish.is_conditional and stale is None:
                return None
            key = wish.part if wish.part and stale is None else wish.whole
            reply, use = await self._reply(wish, key, stale, held)
            if isinstance(reply, Fetched):
                return reply
            if isinstance(reply, Unshared):
                return None
            if isinstance(reply, Kept):
                return self._kept(reply, key, wish, use, held)
            if isinstance(reply, Flight) and not reply.over:
                return self._watched(reply, wish, use, held)

    def _joined(self, wish: Wish, now: float, held: AsyncExitStack) -> Fetched | None:
        for key in filter(None, (wish.whole, wish.part)):
            flight = self._flights.find(key, now)
            if flight and (served := self._watched(flight, wish, CacheUse.JOINED, held)):
                return served
        return None

    def _watched(self, flight: Flight, wish: Wish, use: CacheUse, held: AsyncExitStack) -> Fetched | None:
        served = from_flight(flight, wish, use, self.source, held)
        flight.end_if_unwatched()
        return served

    async def _reply(
        self, wish: Wish, key: str, stale: Kept | None, held: AsyncExitStack
    ) -> tuple[Reply | Fetched, CacheUse]:
        """What the origin says, to whoever has asked it first."""
        if known := self._questions.get(key):
            return await known.reply(), CacheUse.JOINED
        question = self._questions[key] = Question()
        try:
            with question.asking():
                reply, use = await self._asked(wish, key, stale, held)
                if isinstance(reply, Fetched) and reply.head.status in {200, 206} and not shareable(reply.head):
                    self._unshared[wish.url.href, wish.fields.get("Range")] = time.monotonic() + UNSHARED_SECONDS
                question.answer(Unshared() if isinstance(reply, Fetched) else reply)
                return reply, use
        finally:
            del self._questions[key]

    async def _asked(
        self, wish: Wish, key: str, stale: Kept | None, held: AsyncExitStack
    ) -> tuple[Reply | Fetched, CacheUse]:
        """What the origin says, to whichever worker has asked it first."""
        lead = None
        with suppress(OSError):  # the folder is gone, say: each worker asks for itself
            lead = Lead.take(self.leads / key) if self.leads else None
            if lead is None and self.leads:
                return await self._followed(self.leads / key, key), CacheUse.JOINED
        asking = Asking(self.source, self.shelves, self.clock, self._flights, wish, key, stale, lead)
        return await asking.answer(held)

    async def _followed(self, path: Path, key: str) -> Reply:
        with ExitStack() as watching:
            watch = watching.enter_context(Watch.on(path))
            return await Following(key, self.shelves, self._flights, self.clock, watch, watching).reply()


class _Fetching:
    """One answer, held while it is read."""

    def __init__(self, cache: Cache, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit) -> None:
        self._cache = cache
        self._asked = (url, method, fields, permit)
        self._held: AbstractAsyncContextManager[Fetched] | AsyncExitStack

    async def __aenter__(self) -> Fetched:
        """The answer that is shared, or one for this asker alone."""
        if self._cache.passes(self._asked[0], self._asked[2]):
            self._held = self._cache.source.fetch(*self._asked)
            return await self._held.__aenter__()
        async with AsyncExitStack() as held:
            fetched = await self._cache.served(*self._asked, held)
            if fetched is None:
                fetched = await held.enter_async_context(self._cache.source.fetch(*self._asked))
            self._held = held.pop_all()
        return fetched

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        """End what runs for it alone."""
        return await self._held.__aexit__(kind, error, at)
