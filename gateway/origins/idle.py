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
from dataclasses import dataclass

import pycurl

MOST = 1024
"""Connections that are remembered; the oldest have been idle long enough for libcurl to look itself."""

_READ = 64 * 1024


@dataclass(slots=True)
class _Connection:
    """Who has sent the last request by it, and its descriptor, where it is known."""

    user: pycurl.Curl
    fd: int = -1


class IdleConnections:
    """By what the ends of connections on our side are called; the one that was used last stands last."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], _Connection] = {}
        self._poll = select.poll()

    def before_request(self, curl: pycurl.Curl, _ip: str, local_ip: str, _port: int, local_port: int) -> int:
        """CURLOPT_PREREQFUNCTION: a handle is about to send a request."""
        known = self._known.pop((local_ip, local_port), None) or _Connection(curl)
        if known.fd >= 0 and self._has_come(known.fd):
            _end(known.fd, local_port)
        known.user = curl
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[local_ip, local_port] = known
        return pycurl.PREREQFUNC_OK

    def keep(self, curl: pycurl.Curl) -> None:
        """A handle's request has ended; its connection may be used again, or already is: libcurl can send the next
        request before it tells of the end of this one. On HTTP/2 something may always come."""
        fd = curl.getinfo(pycurl.ACTIVESOCKET)
        if fd < 0 or curl.getinfo(pycurl.INFO_HTTP_VERSION) > pycurl.CURL_HTTP_VERSION_1_1:
            return
        name = (curl.getinfo(pycurl.LOCAL_IP), curl.getinfo(pycurl.LOCAL_PORT))
        known = self._known.get(name)
        if known is None:
            return
        looked_at, known.fd = known.fd == fd, fd
        # Who has it already was seen to begin with nothing on it, or has read what came: it is the answer to him.
        is_next = known.user is not curl and (looked_at or known.user.getinfo(pycurl.HEADER_SIZE) > 0)
        if not is_next and self._has_come(fd):
            _end(fd, name[1])

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
