"""One request to an origin, as libcurl runs it: where it may connect, its head, its body, its end."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pycurl

from gateway.origins.body import Body
from gateway.origins.curl import CurlPool
from gateway.origins.failure import Failure, Reason
from gateway.origins.guard import Permit, address_in
from gateway.origins.head import Head
from gateway.problem import AddressNotPublic, OriginTimedOut, OriginUnreachable, Problem

LARGEST_HEAD = 64 * 1024


class MisframedBody(OriginUnreachable):
    """Where chunks end is not known (RFC 9112, section 7.1), nor how much of what came was not of the body at all."""


class Transfer:
    """A request under way. ``head`` resolves when the answer's head is whole, or fails with a `Problem`; ``failure`` is
    there when the origin failed, whether or not the head had come."""

    def __init__(self, permit: Permit, pool: CurlPool) -> None:
        self._permit = permit
        self._pool = pool
        self._curl: pycurl.Curl | None = None
        self._lines: list[bytes] = []
        self._head_size = 0
        self._refused = ""
        self.failure: Failure | None = None
        self.head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self.body = Body(self._resume)

    def borrow(self, curl: pycurl.Curl) -> None:
        """Bind the handle that is to run the request."""
        self._curl = curl
        curl.setopt(pycurl.CONNECTTIMEOUT, self._permit.reach.connect)
        curl.setopt(pycurl.LOW_SPEED_TIME, self._permit.reach.stall)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        curl.setopt(pycurl.HEADERFUNCTION, self._header)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)

    def give_back(self, code: int, message: str) -> None:
        """The transfer has ended with one of libcurl's error codes, 0 for none; its handle is no longer ours."""
        self._curl = None
        failure = self._failure(code, message) if code else None
        if not self.head.done():
            self.head.set_exception(failure or OriginUnreachable("The origin sent no answer."))
            self.head.exception()  # marks it seen: a caller who was cancelled no longer asks
        self.body.end(failure)

    def cancel(self) -> None:
        """Stop: the connection to the origin is closed, if it has not ended. What has come and was not read is gone."""
        if self._curl is not None:
            self._pool.stop(self._curl)
        self.body.discard()

    def _resume(self) -> None:
        if self._curl is not None:
            with suppress(pycurl.error):  # it failed while it was paused: `give_back` is about to say how
                self._curl.pause(pycurl.PAUSE_CONT)  # may call `_write` before it returns

    def _open_socket(self, _purpose: int, wanted: tuple[int, int, int, tuple[object, ...]]) -> socket.socket | int:
        family, kind, protocol, sockaddr = wanted
        address = address_in(family, sockaddr)
        reason = "not an internet address" if address is None else self._permit.refuses(address)
        if reason is None:
            return socket.socket(family, kind, protocol)
        self._refused = reason
        return pycurl.SOCKET_BAD

    def _header(self, line: bytes) -> int | None:
        if self.head.done():
            return None  # a trailer field
        self._head_size += len(line)
        if self._head_size > LARGEST_HEAD:
            return 0
        if line.strip():
            self._lines.append(line)
        else:
            self._end_head()
        return None

    def _end_head(self) -> None:
        head = Head.parse(self._lines)
        self._lines = []
        if head.status >= 600:
            self.failure = Failure(Reason.INVALID, "its status is none")
            self.head.set_exception(OriginUnreachable(f"The origin answers with status {head.status}, which is none."))
        elif head.status >= 200:  # RFC 9110, section 15.2: interim answers come before the final one
            self.head.set_result(head)

    def _write(self, chunk: bytes) -> int | None:
        return None if self.body.offer(chunk) else pycurl.WRITEFUNC_PAUSE

    def _failure(self, code: int, message: str) -> Problem:
        if self._refused and code == pycurl.E_COULDNT_CONNECT:  # and no other address of the name could be had either
            return AddressNotPublic(self._refused)
        self.failure = Failure.of(code, message)
        if code == pycurl.E_RECV_ERROR and "chunk" in message:  # libcurl has no code of its own for it
            return MisframedBody("The origin's chunks are not what it says that they are.")
        if self.failure.reason is Reason.TIMEOUT:
            return OriginTimedOut("The origin did not answer in time, or stopped sending.")
        return OriginUnreachable(f"The origin cannot be used: {self.failure.told}.", check=self.failure.to_check)
