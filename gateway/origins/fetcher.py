"""One resource, from its origin: asked for by libcurl, and taken up again where the origin breaks off."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from gateway.origins.curl import CurlPool
from gateway.origins.extent import Extent
from gateway.origins.guard import Permit
from gateway.origins.head import Head
from gateway.origins.lasting import LastingBody, Readable
from gateway.origins.transfer import Transfer
from gateway.origins.url import MediaUrl
from gateway.problem import OutOfCapacity


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

    def close(self) -> None:
        """End all that runs, and close all connections."""


class Fetcher:
    """Asks origins. ``via`` is this gateway's pseudonym for the Via field (RFC 9110, section 7.6.3), by which a request
    that comes back to it is known; ``agent`` its User-Agent; ``most`` how many transfers run at once."""

    def __init__(self, via: str, agent: str, most: int) -> None:
        self._fields = {"Via": f"1.1 {via}", "Accept": "*/*", "Accept-Encoding": "identity"}
        self._pool = CurlPool(force_instance=True, agent=agent)
        self._most = most
        self.resumed = 0

    def close(self) -> None:
        """Close all connections to origins."""
        self._pool.close()

    @property
    def transfers(self) -> int:
        """How many are running."""
        return len(self._pool.running)

    @asynccontextmanager
    async def fetch(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit
    ) -> AsyncIterator[Fetched]:
        """As `Source.fetch`. A body that breaks off is taken up again where it did, if the origin can and has the
        same."""
        transfer = self._start(url, method, fields, permit)
        try:
            head = await transfer.head
            with self._body(url, method, transfer, head, permit) as body:
                yield Fetched(head, body)
        finally:
            transfer.cancel()

    @contextmanager
    def _body(self, url: MediaUrl, method: str, transfer: Transfer, head: Head, permit: Permit) -> Iterator[Readable]:
        """The body of an answer, whatever it takes."""
        extent = Extent.of(head)
        if method != "GET" or extent is None:
            yield transfer.body
            return

        async def reopen(rest: Extent) -> Transfer:
            with ExitStack() as failed:
                again = self._start(url, method, rest.fields, permit)
                failed.callback(again.cancel)
                await again.head
                failed.pop_all()
            return again

        body = LastingBody(transfer, extent, reopen)
        try:
            yield body
        finally:
            body.cancel()
            self.resumed += body.resumed

    def _start(self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit) -> Transfer:
        if self.transfers >= self._most:
            raise OutOfCapacity("All connections to origins are in use.")
        transfer = Transfer(permit, self._pool)
        self._pool.start(url.href, method, {**fields, **self._fields}, transfer)
        return transfer
