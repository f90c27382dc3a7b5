"""The client through which all media comes: judged hop by hop, without redirects, proxies or credentials of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pycurl

from gateway.origins.fetcher import CacheUse, Source
from gateway.origins.guard import Judge
from gateway.origins.head import Head
from gateway.origins.lasting import Readable
from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl, OriginNotAllowed, OriginUnreachable

LIBCURL = pycurl.version_info()[1]
"""The version of libcurl that answers."""

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


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

    @asynccontextmanager
    async def open(self, url: MediaUrl, method: str, fields: Mapping[str, str], guard: Judge) -> AsyncIterator[Answer]:
        """The answer to a request while the block runs, after at most five redirects.

        Raises what the guard and `Source.fetch` raise; the body's `read` raises the latter too.
        """
        for _hop in range(MOST_REDIRECTS + 1):
            permit = guard.judge(url)
            async with self.source.fetch(url, method, fields, permit) as fetched:
                location = fetched.head.get("Location")
                if fetched.head.status not in _REDIRECTS or not location:
                    yield Answer(url, fetched.head, fetched.body, fetched.cache)
                    return
            url = _target(url, location)
        raise OriginUnreachable(f"The origin redirects more than {MOST_REDIRECTS} times.")


def _target(url: MediaUrl, location: str) -> MediaUrl:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")  # some send it raw, and browsers read it so
    try:
        return url.join(location)
    except InvalidUrl as error:
        raise OriginNotAllowed(f"The origin redirects to what the gateway does not fetch. {error.detail}") from error
