"""Bodies that lie in files, whole or growing, read by one viewer each."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

from gateway.cache.flight import Flight
from gateway.origins.extent import Extent
from gateway.origins.fetcher import Fetched
from gateway.origins.lasting import Readable
from gateway.problem import OriginUnreachable

PIECE = 64 * 1024
"""Bytes read at once, where they are not sent from the file itself."""

Resume = Callable[[Extent], AbstractAsyncContextManager[Fetched]]
"""Asks an origin for the rest of a body."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes in a file, from an offset on."""

    fd: int
    offset: int
    count: int


class Filed(ABC):
    """A `Readable` that can be sent without being read: it lies in a file."""

    @abstractmethod
    async def ahead(self) -> Span | None:
        """Where its next bytes lie, waiting for the first; None if they do not lie in a file, or at the end: `read`."""

    @abstractmethod
    def skip(self, count: int) -> None:
        """So many of the bytes that lie ahead have been taken otherwise than by `read`."""

    @abstractmethod
    async def read(self) -> bytes:
        """As `Readable.read`."""


@dataclass
class StoredBody(Filed):
    """``count`` bytes of a file that is whole."""

    fd: int
    position: int
    count: int

    async def ahead(self) -> Span | None:
        """As `Filed.ahead`."""
        return Span(self.fd, self.position, self.count) if self.count else None

    def skip(self, count: int) -> None:
        """As `Filed.skip`."""
        self.position += count
        self.count -= count

    async def read(self) -> bytes:
        """As `Readable.read`; raise `OriginUnreachable` for a file that is shorter than it was."""
        if not self.count:
            return b""
        chunk = os.pread(self.fd, min(self.count, PIECE), self.position)
        if not chunk:
            raise OriginUnreachable("What was stored of the body is gone.")
        self.skip(len(chunk))
        return chunk


@dataclass(eq=False)
class GrowingBody(Filed):
    """A flight's body as one viewer reads it: ``count`` bytes from ``position`` on, or all to its end. ``resume`` is
    for when the flight is lost, and ``held`` for what that takes."""

    flight: Flight
    resume: Resume
    held: AsyncExitStack
    position: int = 0
    count: int | None = None
    _own: Readable | None = field(default=None, init=False)

    @property
    def reads_on(self) -> bool:
        """Whether it reads to the end of the body."""
        return self.count is None or self.position + self.count == self.flight.total

    async def ahead(self) -> Span | None:
        """As `Filed.ahead`; raise the flight's `Problem` where it has failed and nothing is left to be read."""
        while self.count != 0:
            there = self.flight.received - self.position
            if there > 0:
                return Span(self.flight.fd, self.position, there if self.count is None else min(there, self.count))
            if self.flight.failure is not None:
                raise self.flight.failure
            if self.flight.ended:
                break
            await self.flight.change()
        return None

    def skip(self, count: int) -> None:
        """As `Filed.skip`."""
        self.position += count
        if self.count is not None:
            self.count -= count
        if len(self.flight.viewers) == 1 or self.flight.received - self.position > PIECE:
            self.flight.stir()

    async def read(self) -> bytes:
        """As `Readable.read`."""
        if self._own is not None:
            return await self._read_own(self._own)
        if (span := await self.ahead()) is None:
            return await self._read_on()
        chunk = os.pread(span.fd, min(span.count, PIECE), span.offset)
        if not chunk:
            raise OriginUnreachable("What was stored of the body is gone.")
        self.skip(len(chunk))
        return chunk

    async def _read_on(self) -> bytes:
        """What is not in the file."""
        if self.count == 0 or not self.flight.lost:
            return b""
        if self.flight.heir is self and self.flight.rest is not None:
            self._own = self.flight.rest
        else:
            self._own = await self._resumed()
        return await self._read_own(self._own)

    async def _read_own(self, body: Readable) -> bytes:
        """Of what is this viewer's alone, no more than is wanted: not even to see that it ends there."""
        if self.count == 0:
            return b""
        chunk = await body.read()
        if self.count is not None:
            self.count -= len(chunk)
        return chunk

    async def _resumed(self) -> Readable:
        lost = OriginUnreachable("The fetch that this was a part of has ended, and its rest cannot be asked for.")
        extent = Extent.of(self.flight.head)
        if extent is None:
            raise lost
        if self.count is not None:
            first = extent.first + self.position  # the flight's own may be a part
            extent = Extent(first, first + self.count - 1, extent.total, extent.validator)
        else:
            extent = extent.after(self.position)
        fetched = await self.held.enter_async_context(self.resume(extent))
        if extent.met_by(fetched.head) is None:
            raise lost
        return fetched.body
