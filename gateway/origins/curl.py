"""Tornado's curl client, less what a relay does not need of it.

`CurlAsyncHTTPClient` sets some thirty options for each request, makes an `HTTPResponse` with eight timings of it,
resets the handle, and moves a timer of the event loop at every step. Here a handle is set up once, and lent to one
transfer after another; what differs between two of them is told each time.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

import pycurl
from tornado.curl_httpclient import CurlAsyncHTTPClient

from gateway.origins.idle import IdleConnections

BUFFER = 128 * 1024
KEEPALIVE_SECONDS = 30

_AT_ONCE = 64
"""Sockets that are served between two turns of the event loop."""

_BREAK = re.compile(r"[\r\n\0]")
_WAITED_FOR = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class Borrower(Protocol):
    """Who uses a handle for one request."""

    def borrow(self, curl: pycurl.Curl) -> None:
        """The handle is set up, and about to run: bind its callbacks."""

    def give_back(self, code: int, message: str) -> None:
        """The request has ended with one of libcurl's error codes, 0 for none, and what it says about it; the handle is
        the pool's again."""


class CurlPool(CurlAsyncHTTPClient):
    """Runs any number of requests at once, on handles that are made when they are first needed; keeps at most ``most``
    connections."""

    def initialize(self, agent: str, most: int) -> None:  # type: ignore[override]  # it has options of its own
        self._agent = agent
        self._ca_file = ssl.get_default_verify_paths().cafile
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None
        self._idle = IdleConnections()
        self._sockets = select.epoll()
        self._loop.add_reader(self._sockets.fileno(), self._act)
        self._posting: set[pycurl.Curl] = set()
        self.running: dict[pycurl.Curl, Borrower] = {}
        super().initialize(max_clients=0)
        # As many as are ever needed at once. Names, TLS sessions and the authorities' certificates are shared by all.
        self._multi.setopt(pycurl.M_MAXCONNECTS, most)

    def close(self) -> None:
        """End all that run, and close all connections."""
        for curl in tuple(self.running):
            self.stop(curl)
        self._set_timeout(-1)
        super().close()
        self._loop.remove_reader(self._sockets.fileno())
        self._sockets.close()

    def start(self, url: str, method: str, fields: Mapping[str, str], borrower: Borrower, content: bytes = b"") -> None:
        """Ask for a URL by GET or HEAD, or by POST with a content; returns before anything is sent. Raise `ValueError`
        for a field that would not be one, `pycurl.error` for a URL that libcurl does not take."""
        lines = [_line(name, value) for name, value in fields.items()]
        if not self._free_list:
            self._make()
        curl = self._free_list[-1]
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, lines)
        if method == "POST":
            self._post(curl, content)
        else:
            curl.setopt(pycurl.NOBODY if method == "HEAD" else pycurl.HTTPGET, 1)
        self._free_list.pop()  # not before nothing can be refused any more
        borrower.borrow(curl)
        self.running[curl] = borrower
        self._multi.add_handle(curl)

    def stop(self, curl: pycurl.Curl) -> None:
        """End the request that runs on a handle, and its connection. Not to be called by libcurl's own callbacks."""
        self._finish(curl, pycurl.E_ABORTED_BY_CALLBACK)

    def _post(self, curl: pycurl.Curl, content: bytes) -> None:
        """Never on a connection that was used: libcurl would send a request again whose connection turns out lost."""
        self._posting.add(curl)
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, content)

    def _make(self) -> None:
        curl = pycurl.Curl()
        _set_up(curl)
        curl.setopt(pycurl.USERAGENT, self._agent)
        curl.setopt(pycurl.PREREQFUNCTION, partial(self._idle.before_request, curl))
        if self._ca_file:
            curl.setopt(pycurl.CAINFO, self._ca_file)
        self._curls.append(curl)
        self._free_list.append(curl)

    def _finish(self, curl: pycurl.Curl, curl_error: int | None = None, curl_message: str | None = None) -> None:
        if not curl_error:
            self._idle.keep(curl)
        self._multi.remove_handle(curl)
        borrower = self.running.pop(curl)
        _unbind(curl)
        if curl in self._posting:
            self._posting.discard(curl)
            curl.setopt(pycurl.FRESH_CONNECT, 0)
            curl.setopt(pycurl.POSTFIELDS, b"")
        # Before the handle is lent again, so that a pause can never reach one that is no longer this borrower's.
        borrower.give_back(curl_error or 0, curl_message or "")
        self._free_list.append(curl)

    def _process_queue(self) -> None:
        """There is none: whoever starts a request has room for it."""

    # -- what libcurl wishes of the event loop -------------------------------------------------------------------------

    def _set_timeout(self, msecs: int) -> None:
        """CURLMOPT_TIMERFUNCTION: -1 takes the timer away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if msecs == 0:
            self._timer = self._loop.call_soon(self._handle_timeout)
        elif msecs > 0:
            self._timer = self._loop.call_later(msecs / 1000, self._handle_timeout)

    def _handle_socket(self, event: int, fd: int, multi: pycurl.CurlMulti, data: object) -> None:
        """CURLMOPT_SOCKETFUNCTION. libcurl may have closed a socket and opened another of the same number without a
        word: the kernel forgets one that is closed, and knows one that is not."""
        waited_for = _WAITED_FOR.get(event)
        if waited_for is None:
            with suppress(OSError):  # it is closed
                self._sockets.unregister(fd)
            return
        try:
            self._sockets.register(fd, waited_for)
        except FileExistsError:
            self._sockets.modify(fd, waited_for)

    def _act(self) -> None:
        """Something has happened on some of the sockets. One that is taken out or closed on the way is passed over by
        libcurl; one of the same number is only looked at too early."""
        for fd, seen in self._sockets.poll(0, _AT_ONCE):
            action = pycurl.CSELECT_OUT if seen & select.EPOLLOUT else 0
            if seen & ~select.EPOLLOUT:
                action |= pycurl.CSELECT_IN
            with suppress(pycurl.error):  # what ails one of the transfers is told by its end
                self._multi.socket_action(fd, action)
            self._finish_pending_requests()

    def _handle_timeout(self) -> None:
        self._timer = None
        with suppress(pycurl.error):
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._finish_pending_requests()
        if self._timer is None and (left := self._multi.timeout()) >= 0:
            self._set_timeout(max(left, 1))  # the clocks of the two may differ


def _line(name: str, value: str) -> bytes:
    if _BREAK.search(value):
        raise ValueError(f"the field {name} holds a line break")
    return f"{name}: {value}".encode("latin-1")


def _set_up(curl: pycurl.Curl) -> None:
    """What is the same for all requests: no redirects, proxies, credentials, cookies or decoding of libcurl's own."""
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROXY, "")  # an empty name turns off http_proxy of the environment too
    curl.setopt(pycurl.NOPROXY, "*")
    curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)
    curl.setopt(pycurl.SSL_VERIFYPEER, 1)
    curl.setopt(pycurl.SSL_VERIFYHOST, 2)
    curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
    curl.setopt(pycurl.BUFFERSIZE, BUFFER)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.TCP_KEEPALIVE, 1)  # or what stands between forgets a connection whose client pauses
    curl.setopt(pycurl.TCP_KEEPIDLE, KEEPALIVE_SECONDS)
    curl.setopt(pycurl.TCP_KEEPINTVL, KEEPALIVE_SECONDS)
    _unbind(curl)


def _unbind(curl: pycurl.Curl) -> None:
    """An idle handle keeps nothing of its last borrower alive."""
    curl.setopt(pycurl.OPENSOCKETFUNCTION, _no_socket)
    curl.setopt(pycurl.HEADERFUNCTION, len)
    curl.setopt(pycurl.WRITEFUNCTION, len)


def _no_socket(_purpose: int, _address: object) -> int:
    return pycurl.SOCKET_BAD
