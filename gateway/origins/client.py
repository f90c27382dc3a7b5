"""The client through which all media comes: judged hop by hop, without redirects, proxies or credentials of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import pycurl

from gateway.origins.curl import CurlPool
from gateway.origins.extent import Extent
from gateway.origins.guard import Judge
from gateway.origins.head import Head
from gateway.origins.lasting import LastingBody, Readable
from gateway.origins.transfer import Transfer
from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl, OriginNotAllowed, OriginUnreachable, OutOfCapacity

LIBCURL = pycurl.version_info()[1]
"""The version of libcurl that answers."""

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an origin answered; ``url`` is where the answer came from, after redirects."""

    url: MediaUrl
    head: Head
    body: Readable


class OriginClient:
    """Fetches media. ``via`` is this gateway's pseudonym for the Via field (RFC 9110, section 7.6.3), by which a
    request that comes back to it is known; ``agent`` its User-Agent; ``most`` how many transfers run at once."""

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
    async def open(self, url: MediaUrl, method: str, fields: Mapping[str, str], guard: Judge) -> AsyncIterator[Answer]:
        """Ask an origin, following at most five redirects, and give its answer while the block runs. A body that breaks
        off is taken up again where it did, if the origin can and has the same.

        Raises `OriginNotAllowed`, `OriginUnreachable`, `OriginTimedOut` or `OutOfCapacity`; the body's `read` raises
        them too. Leaving the block ends the transfer, whole or not.
        """
        for _hop in range(MOST_REDIRECTS + 1):
            transfer = self._start(url, method, fields, guard)
            try:
                head = await transfer.head
                location = head.get("Location")
                if head.status not in _REDIRECTS or not location:
                    with self._body(url, method, transfer, head, guard) as body:
                        yield Answer(url, head, body)
                    return
                url = _target(url, location)
            finally:
                transfer.cancel()
        raise OriginUnreachable(f"The origin redirects more than {MOST_REDIRECTS} times.")

    @contextmanager
    def _body(self, url: MediaUrl, method: str, transfer: Transfer, head: Head, guard: Judge) -> Iterator[Readable]:
        """The body of an answer, whatever it takes."""
        extent = Extent.of(head)
        if method != "GET" or extent is None:
            yield transfer.body
            return

        async def reopen(rest: Extent) -> Transfer:
            with ExitStack() as failed:
                again = self._start(url, method, rest.fields, guard)
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

    def _start(self, url: MediaUrl, method: str, fields: Mapping[str, str], guard: Judge) -> Transfer:
        transfer = Transfer(guard.judge(url), self._pool)
        if self.transfers >= self._most:
            raise OutOfCapacity("All connections to origins are in use.")
        self._pool.start(url.href, method, {**fields, **self._fields}, transfer)
        return transfer


def _target(url: MediaUrl, location: str) -> MediaUrl:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")  # some send it raw, and browsers read it so
    try:
        return url.join(location)
    except InvalidUrl as error:
        raise OriginNotAllowed(f"The origin redirects to what the gateway does not fetch. {error.detail}") from error
