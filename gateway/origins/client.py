"""The client through which all media comes: judged hop by hop, without redirects, proxies or credentials of its own."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import pycurl
from tornado.curl_httpclient import CurlAsyncHTTPClient, CurlError
from tornado.httpclient import HTTPError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

from gateway.origins.extent import Extent
from gateway.origins.guard import Judge
from gateway.origins.head import Head
from gateway.origins.lasting import LastingBody, Readable
from gateway.origins.transfer import CONNECT_SECONDS, Transfer
from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl, OriginNotAllowed, OriginUnreachable, OutOfCapacity

LIBCURL = pycurl.version_info()[1]
"""The version of libcurl that answers."""

MOST_REDIRECTS = 5
_log = logging.getLogger("sluicegate.origins")
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
        self._agent = agent
        self._ca_file = ssl.get_default_verify_paths().cafile
        self._curl = CurlAsyncHTTPClient(force_instance=True, max_clients=most)
        self._most = most
        self.transfers = 0
        self.resumed = 0

    def close(self) -> None:
        """Close all connections to origins."""
        self._curl.close()

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
            again = self._start(url, method, rest.fields, guard)
            try:
                await again.head
            except BaseException:
                again.cancel()
                raise
            return again

        body = LastingBody(transfer, extent, reopen)
        try:
            yield body
        finally:
            body.cancel()
            self.resumed += body.resumed

    def _start(self, url: MediaUrl, method: str, fields: Mapping[str, str], guard: Judge) -> Transfer:
        transfer = Transfer(guard.judge(url))
        if self.transfers >= self._most:
            raise OutOfCapacity("All connections to origins are in use.")
        self.transfers += 1

        def finished(response: HTTPResponse) -> None:
            self.transfers -= 1
            transfer.finish(_code(response))

        # `fetch_impl`, not `fetch`: its callback runs before the handle goes back for another request, so that a
        # pause can never reach a handle that is no longer this transfer's.
        self._curl.fetch_impl(self._request(url, method, fields, transfer), finished)
        return transfer

    def _request(self, url: MediaUrl, method: str, fields: Mapping[str, str], transfer: Transfer) -> HTTPRequest:
        return HTTPRequest(
            url.href,
            method=method,
            headers=HTTPHeaders({**fields, **self._fields}),
            connect_timeout=CONNECT_SECONDS,
            request_timeout=0,
            follow_redirects=False,
            max_redirects=0,
            decompress_response=False,
            validate_cert=True,
            ca_certs=self._ca_file,
            allow_nonstandard_methods=False,
            user_agent=self._agent,
            prepare_curl_callback=transfer.prepare,
        )


def _code(response: HTTPResponse) -> int:
    """libcurl's error code, 0 for none; a request that could not even be set up is a bug, and is logged as one."""
    if isinstance(response.error, CurlError):
        return response.error.errno
    if response.error is None or isinstance(response.error, HTTPError):
        return 0  # Tornado's word for a status that is not 2xx
    _log.error("a request to an origin could not be set up", exc_info=response.error)
    return pycurl.E_FAILED_INIT


def _target(url: MediaUrl, location: str) -> MediaUrl:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")  # some send it raw, and browsers read it so
    try:
        return url.join(location)
    except InvalidUrl as error:
        raise OriginNotAllowed(f"The origin redirects to what the gateway does not fetch. {error.detail}") from error
