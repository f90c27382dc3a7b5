"""A client's connection: requests come in one after another, and each is answered before the next is begun."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from handlers.http1.body import Body
from handlers.http1.exchange import Exchange
from handlers.http1.head import Head, read_head
from handlers.http1.refused import BAD, LATE, Refused
from handlers.http1.request import Request
from handlers.http1.wire import Wire

LARGEST_HEAD = 32 * 1024
_MOST_AHEAD = LARGEST_HEAD
"""Bytes of later requests that are taken while one is being answered."""

_DISCARDED_BYTES = 8 * 1024 * 1024
_DISCARD_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a client may take: from one answer to the end of the next request's head, or to take the last of an
    answer, and for a body."""

    idle: float = 60
    body: float = 10


class Owner(Protocol):
    """The server that a connection belongs to."""

    @property
    def patience(self) -> Patience:
        """How long its clients may take."""

    @property
    def ending(self) -> bool:
        """Whether connections are no longer to be kept open."""

    def largest_body(self, head: Head) -> int:
        """Bytes of a request's body at most."""

    def opened(self, connection: Connection) -> None:
        """A client has connected."""

    def lost(self, connection: Connection) -> None:
        """It has gone, or was closed."""

    def may_tell(self, connection: Connection) -> bool:
        """Whether the client may be told why it is refused, which takes a while."""

    def handle(self, request: Request) -> None:
        """Answer a request."""


class Connection(Wire):
    """Reads requests, and refuses what is none."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._unread = b""
        self._head: Head | None = None
        self._body: Body | None = None
        self._exchange: Exchange | None = None
        self._kept: bool | None = None
        """Once an answer is written: whether the connection is kept open when the kernel has taken it."""
        self._left_to_discard = 0
        self._is_paused = False

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self._exchange is None

    @property
    def ending(self) -> bool:
        """Whether it is not to be kept open after the answer."""
        return self._owner.ending

    # -- what happens on it --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(transport)
        self._deadline = self._loop.time() + self._owner.patience.idle
        self._timer = self._loop.call_at(self._deadline, self._look_at_time)
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, or of a later one: those wait, and when they are many, no more are taken."""
        if self._left_to_discard:
            self._left_to_discard -= len(data)
            if self._left_to_discard <= 0:
                self.close()
            return
        self._unread = self._unread + data if self._unread else data
        if self._exchange is None:
            self._read_on()
        if self._exchange is not None and len(self._unread) > _MOST_AHEAD and not self.closed:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The client sends no more, which is how clients leave: also in the middle of an answer."""
        self.close()

    def resume_writing(self) -> None:
        """The kernel has taken all that was written."""
        super().resume_writing()
        if self._kept is not None:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        super().connection_lost(exc)
        self._timer.cancel()
        if self._exchange is not None:
            self._exchange.left()
        self._owner.lost(self)

    # -- requests ------------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Read as far as what has come goes, and have a request that is whole answered."""
        if self._exchange is not None or self.closed or self._left_to_discard:
            return
        try:
            if self._head is None:
                self._head = self._read_head()
            if self._head is not None:
                self._read_body(self._head)
        except Refused as refused:
            self.refuse(refused)
        if self._exchange is None:
            self._read_again()

    def _read_again(self) -> None:
        if self._is_paused and not self.closed:
            self._is_paused = False
            self._transport.resume_reading()

    def _read_head(self) -> Head | None:
        """A head, if it is whole."""
        if self._unread.startswith(b"\r\n"):
            self._unread = self._unread[2:]  # one empty line before a request is forgiven (RFC 9112, section 2.2)
        end = self._unread.find(b"\r\n\r\n")
        if end > LARGEST_HEAD or (end < 0 and len(self._unread) > LARGEST_HEAD):
            raise Refused(431, "Request header fields too large")  # RFC 6585, section 5
        if end < 0:
            if self._unread.count(b"\n") != self._unread.count(b"\r\n"):
                raise Refused(400, BAD)  # at once: the end of such a head might never come
            return None
        head = read_head(self._unread[: end + 2].decode("latin-1"))
        self._unread = self._unread[end + 4 :]
        if head.length != 0:
            self._body = Body(head.length, self._owner.largest_body(head))
            self._wait_at_most(self._owner.patience.body)
            if head.waits and not self._unread:
                self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return head

    def _read_body(self, head: Head) -> None:
        """Read on in the body, if there is one, and begin to answer when it is whole."""
        content: bytes | None = b""
        if self._body is not None:
            content, self._unread = self._body.read(self._unread)
        if content is None:
            return
        self._head = self._body = None
        exchange = Exchange(self, head)
        request = Request(head, content, self.remote_ip, exchange)
        self._exchange = exchange
        self._owner.handle(request)

    def answered(self, *, keep: bool) -> None:
        """An answer is written: go on when the kernel has taken it, so that a client that takes none gets no more."""
        self._kept = keep and not self._owner.ending
        if self.writing:
            self._deadline = self._loop.time() + self._owner.patience.idle
        else:
            self._go_on()

    def _go_on(self) -> None:
        kept, self._kept = self._kept, None
        self._exchange = None
        if self.closed:
            return
        if not kept and self._unread:
            self._leave()
            return
        if not kept:
            self._transport.close()
            return
        self._deadline = self._loop.time() + self._owner.patience.idle
        if len(self._unread) <= _MOST_AHEAD:  # or each answer would let in more than a request
            self._read_again()
        if self._unread:
            self._loop.call_soon(self._read_on)

    # -- the end -------------------------------------------------------------------------------------------------------

    def refuse(self, refused: Refused) -> None:
        """Answer what is no request, or is one too many, and close."""
        self.send(refused.answer)
        self._leave()

    def _leave(self) -> None:
        """Close, but first read on for a while: closing with bytes unread sends a reset, which can overtake the
        answer."""
        if not self.closed and self._owner.may_tell(self):
            self._unread = b""
            self._left_to_discard = _DISCARDED_BYTES
            self._transport.write_eof()
            self._read_again()
            self._wait_at_most(_DISCARD_SECONDS)
        else:
            self.close()

    def _look_at_time(self) -> None:
        """One timer for all of a connection's life, moved seldom: only when it goes off."""
        now = self._loop.time()
        if self._exchange is not None and self._kept is None:
            self._wait_at_most(self._owner.patience.idle)
        elif now < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_time)
        elif (self._unread or self._head) and self.idle and not self._left_to_discard:
            self.refuse(LATE)
        else:
            self.close()

    def _wait_at_most(self, seconds: float) -> None:
        self._timer.cancel()
        self._deadline = self._loop.time() + seconds
        self._timer = self._loop.call_at(self._deadline, self._look_at_time)
