"""The client through which all media comes: judged hop by hop, without redirects, proxies or credentials of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from types import TracebackType

import pycurl

from gateway.origins.fetcher import CacheUse, Fetched, Source
from gateway.origins.guard import Judge, Permit
from gateway.origins.head import Head
from gateway.origins.lasting import Readable
from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl, RedirectNotAllowed, TooManyRedirects

LIBCURL = pycurl.version_info()[1]
"""The version of libcurl that answers."""

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPING = frozenset({307, 308})
_Send = Callable[[MediaUrl, Permit], AbstractAsyncContextManager[Fetched]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an origin answered; ``url`` is where the answer came from, after redirects, ``cache`` what a cache had to do
    with it."""

    url: MediaUrl
    head: Head
    body: Readable
    cache: CacheUse


@dataclass(frozen=True)
class OriginClient:
    """Follows redirects from one resource of a ``source`` to another, each of which must be allowed."""

    source: Source

    def close(self) -> None:
        """End all that runs, and close all connections."""
        self.source.close()

    def open(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], guard: Judge
    ) -> AbstractAsyncContextManager[Answer]:
        """The answer to a request while the block runs, after at most five redirects.

        Raises what the guard and `Source.fetch` raise; the body's `read` raises the latter too.
        """
        return _Opening(lambda each, permit: self.source.fetch(each, method, fields, permit), url, guard)

    def post(
        self, url: MediaUrl, fields: Mapping[str, str], content: bytes, guard: Judge
    ) -> AbstractAsyncContextManager[Answer]:
        """The same for POST, sent once to each URL. A redirect by 307 or 308, which keeps method and content (RFC 9110,
        section 15.4), is followed; another is the answer, for by it what was posted would be lost."""
        return _Opening(lambda each, permit: self.source.post(each, fields, content, permit), url, guard, _KEEPING)


class _Opening:
    """One answer, held while it is read. ``send`` asks one URL; ``redirects`` are the statuses that name another."""

    def __init__(self, send: _Send, url: MediaUrl, guard: Judge, redirects: AbstractSet[int] = _REDIRECTS) -> None:
        self._send = send
        self._url = url
        self._guard = guard
        self._redirects = redirects

    async def __aenter__(self) -> Answer:
        """Follow redirects, holding one answer at a time."""
        url = self._url
        for _hop in range(MOST_REDIRECTS + 1):
            permit = self._guard.judge(url)
            self._held = self._send(url, permit)
            fetched = await self._held.__aenter__()
            location = fetched.head.status in self._redirects and fetched.head.get("Location")
            if not location:
                return Answer(url, fetched.head, fetched.body, fetched.cache)
            await self._held.__aexit__(None, None, None)
            url = _target(url, location)
        raise TooManyRedirects(f"The origin redirects more than {MOST_REDIRECTS} times.")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        """End what runs for it."""
        return await self._held.__aexit__(kind, error, at)


def _target(url: MediaUrl, location: str) -> MediaUrl:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")  # some send it raw, and browsers read it so
    try:
        return url.join(location)
    except InvalidUrl as error:
        raise RedirectNotAllowed(f"The origin redirects to what the gateway does not fetch. {error.detail}") from error
