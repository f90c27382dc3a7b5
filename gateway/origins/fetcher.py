"""One resource, from its origin or who stands in for it: asked for by libcurl, taken up again where it breaks off."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from gateway.cmcd import addressed
from gateway.origins.curl import CurlPool
from gateway.origins.extent import Extent
from gateway.origins.guard import Permit
from gateway.origins.head import Head
from gateway.origins.health import UNWELL, Health
from gateway.origins.lasting import LastingBody, Readable
from gateway.origins.transfer import Transfer
from gateway.origins.url import MediaUrl
from gateway.problem import OriginTimedOut, OriginUnreachable, OutOfCapacity, Problem

RETRY_WAIT = 0.1
"""Seconds before an origin is asked once more."""

QUICK_SECONDS = 1.0
"""A connection that is lost later is not tried again: its client has waited enough, and its origin worked enough."""


class CacheUse(enum.Enum):
    """What a cache had to do with an answer."""

    NONE = ""
    HIT = "hit"
    MISS = "miss"
    JOINED = "joined"
    """Somebody else had asked for it already."""

    CONFIRMED = "confirmed"
    """Stored, and its origin says that it is still so."""

    STALE = "stale"
    """Stored, and given out because its origin cannot be used."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The head of an answer, and its body as it comes."""

    head: Head
    body: Readable
    cache: CacheUse = CacheUse.NONE


class Source(Protocol):
    """Where resources come from: an origin, or something before it."""

    def fetch(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """The answer to GET or HEAD with these header fields, while the block runs. Redirects are answers like others.

        Raises `OriginNotAllowed`, `OriginUnreachable`, `OriginTimedOut` or `OutOfCapacity`; the body's `read` raises
        them too. Leaving the block ends what runs for it, whole or not.
        """

    def post(
        self, url: MediaUrl, fields: Mapping[str, str], content: bytes, permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """The same for POST with a content: sent once, to this URL alone, and the answer is its asker's alone."""

    def close(self) -> None:
        """End all that runs, and close all connections."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a resource may be had, and leave to ask there."""

    url: MediaUrl
    permit: Permit


class Fetcher:
    """Asks origins. ``via`` is this gateway's pseudonym for the Via field (RFC 9110, section 7.6.3), by which a request
    that comes back to it is known; ``agent`` its User-Agent; ``most`` how many transfers run at once."""

    def __init__(self, via: str, agent: str, most: int, health: Health | None = None) -> None:
        self._fields = {"Via": f"1.1 {via}", "Accept": "*/*", "Accept-Encoding": "identity"}
        self._pool = CurlPool(force_instance=True, agent=agent, most=most)
        self._most = most
        self.health = health or Health(time.monotonic)
        self.resumed = 0

    def close(self) -> None:
        """Close all connections to origins."""
        self._pool.close()

    @property
    def transfers(self) -> int:
        """How many are running."""
        return len(self._pool.running)

    def fetch(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """As `Source.fetch`. Where the origin gives no head, or 502, 503 or 504, its fallbacks are asked; one without
        any is asked once more if the connection was refused or lost. A body that breaks off is taken up again where it
        did, if the origin, or a fallback, can and has the same. CMCD among the fields is sent to each as its permit
        says; who asks for the rest of a body is the gateway, which has none."""
        places = (_Place(url, permit), *(_Place(each.at(url), each.permit) for each in permit.fallbacks))
        return _Fetching(self, places, method, fields)

    @asynccontextmanager
    async def post(
        self, url: MediaUrl, fields: Mapping[str, str], content: bytes, permit: Permit
    ) -> AsyncIterator[Fetched]:
        """As `Source.post`."""
        self.health.budget.request()
        transfer = await self._try(_Place(url, permit), "POST", fields, content)
        try:
            yield Fetched(transfer.head.result(), transfer.body)
        finally:
            transfer.cancel()

    async def first_answer(
        self, places: Sequence[_Place], method: str, fields: Mapping[str, str]
    ) -> tuple[Transfer, _Place]:
        """The answer of the first place that has one; raise the last one's `Problem`."""
        self.health.budget.request()
        problem: Problem = OriginUnreachable()
        for number, place in enumerate(places):
            left = places[number + 1 :]
            try:
                transfer = await self._answer(place, method, fields, tries=1 if len(places) > 1 else 2)
            except (OriginUnreachable, OriginTimedOut) as failed:
                problem = failed
                continue
            if transfer.head.result().status in UNWELL and any(self.health.admits(other.url) for other in left):
                transfer.cancel()
                continue
            if number:
                self.health.fallbacks[places[0].permit.entry,] += 1
            return transfer, place
        raise problem

    async def _answer(self, place: _Place, method: str, fields: Mapping[str, str], tries: int) -> Transfer:
        """A transfer whose head is there, of at most so many tries; raise the last one's `Problem`."""
        started = time.monotonic()
        transfer = await self._try(place, method, fields)
        again = tries > 1 and _is_quick(transfer, time.monotonic() - started) and self.health.admits(place.url)
        if again and self.health.budget.allows_retry():
            await asyncio.sleep(RETRY_WAIT)
            return await self._answer(place, method, fields, tries - 1)
        transfer.head.result()
        return transfer

    async def _try(self, place: _Place, method: str, fields: Mapping[str, str], content: bytes = b"") -> Transfer:
        """A transfer whose head has come or failed. Raises `OriginUnreachable` if the origin is left alone now."""
        with self.health.trying(place.url, place.permit) as trial:
            transfer = self._start(place, method, fields, content)
            try:
                trial.answered((await transfer.head).status)
            except Problem:
                trial.failure = transfer.failure.reason if transfer.failure else None
                transfer.cancel()
            except BaseException:
                transfer.cancel()
                raise
        return transfer

    async def rest(self, places: Sequence[_Place], rest: Extent) -> Transfer:
        """What the first place answers about the rest of its body, or, where that gives no answer or 502, 503 or 504,
        the rest from another that has exactly the same."""
        own = places[0]
        problem: Problem = OriginUnreachable("The origin says that it cannot give the rest of the body now.")
        for place in places:
            try:
                transfer = await self._answer(place, "GET", rest.fields, tries=1)
            except (OriginUnreachable, OriginTimedOut) as failed:
                problem = failed if place is own else problem
                continue
            head = transfer.head.result()
            if rest.met_by(head) or (place is own and head.status not in UNWELL):
                return transfer
            transfer.cancel()
        raise problem

    def _start(self, place: _Place, method: str, fields: Mapping[str, str], content: bytes) -> Transfer:
        if self.transfers >= self._most:
            raise OutOfCapacity("All connections to origins are in use.")
        transfer = Transfer(place.permit, self._pool)
        href, sent = addressed(place.url.href, fields, wanted=place.permit.reach.cmcd)
        accepting = {**self._fields, **sent} if method == "POST" else {**sent, **self._fields}
        self._pool.start(href, method, accepting, transfer, content)
        return transfer


class _Fetching:
    """The answer of one of the ``places``, held while it is read."""

    def __init__(self, fetcher: Fetcher, places: Sequence[_Place], method: str, fields: Mapping[str, str]) -> None:
        self._fetcher = fetcher
        self._places = places
        self._method = method
        self._fields = fields
        self._lasting: LastingBody | None = None

    async def __aenter__(self) -> Fetched:
        """Of the first that has one."""
        self._transfer, place = await self._fetcher.first_answer(self._places, self._method, self._fields)
        head = self._transfer.head.result()
        extent = Extent.of(head) if self._method == "GET" else None
        if extent is None:
            return Fetched(head, self._transfer.body)
        places = (place, *(other for other in self._places if other is not place))
        self._lasting = LastingBody(self._transfer, extent, lambda rest: self._fetcher.rest(places, rest))
        return Fetched(head, self._lasting)

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """End what runs for it."""
        if self._lasting is not None:
            self._lasting.cancel()
            self._fetcher.resumed += self._lasting.resumed
        self._transfer.cancel()


def _is_quick(transfer: Transfer, seconds: float) -> bool:
    """Whether it failed in a way, and so soon, that another try may be worth its time."""
    failed = transfer.head.exception() is not None
    return failed and transfer.failure is not None and transfer.failure.is_quick and seconds < QUICK_SECONDS
