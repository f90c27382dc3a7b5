"""Connections to origins that are kept for the next request: nothing may come on them before it is sent.

What comes after a body that is longer than its Content-Length would be read as the next answer, perhaps another
player's; it must never be (RFC 9112, section 6.3). libcurl looks for it before it uses a connection again, but not
within a second of its last use.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress

import pycurl

MOST = 1024
"""Connections that are remembered; the oldest have been idle long enough for libcurl to look itself."""

_READ = 64 * 1024


class IdleConnections:
    """By what the ends of a connection on our side are called."""

    def __init__(self) -> None:
        self._sockets: dict[tuple[str, int], int] = {}
        self._poll = select.poll()

    def keep(self, curl: pycurl.Curl) -> None:
        """A handle's request has ended; its connection may be used again, or already is: libcurl can send the next
        request before it tells of the end of this one. On HTTP/2 something may always come."""
        fd = curl.getinfo(pycurl.ACTIVESOCKET)
        if fd < 0 or curl.getinfo(pycurl.INFO_HTTP_VERSION) > pycurl.CURL_HTTP_VERSION_1_1:
            return
        name = (curl.getinfo(pycurl.LOCAL_IP), curl.getinfo(pycurl.LOCAL_PORT))
        if self._has_come(fd):
            _end(fd, name[1])
            return
        if len(self._sockets) >= MOST:
            del self._sockets[next(iter(self._sockets))]
        self._sockets[name] = fd

    def before_request(self, _ip: str, local_ip: str, _port: int, local_port: int) -> int:
        """CURLOPT_PREREQFUNCTION: a request is about to be sent."""
        fd = self._sockets.pop((local_ip, local_port), None)
        if fd is not None and self._has_come(fd):
            _end(fd, local_port)
        return pycurl.PREREQFUNC_OK

    def _has_come(self, fd: int) -> bool:
        self._poll.register(fd, select.POLLIN)
        come = self._poll.poll(0)
        self._poll.unregister(fd)
        return bool(come) and not come[0][1] & select.POLLNVAL


def _end(fd: int, local_port: int) -> None:
    """Let nothing more be sent, and nothing that has come be read, if it still is the connection of that port. libcurl
    finds a request that it has put, or would put, on it unanswered, and puts it on a fresh one."""
    with suppress(OSError), socket.socket(fileno=os.dup(fd)) as connection:
        if connection.getsockname()[1] == local_port:
            connection.shutdown(socket.SHUT_RDWR)  # what comes from now on is answered by a reset
            while connection.recv(_READ, socket.MSG_DONTWAIT):
                pass
