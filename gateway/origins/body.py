"""The body of an origin's answer on its way to one reader, held to a high-water mark.

libcurl hands over a body as fast as the origin sends it, whoever reads it. The body therefore refuses a chunk once
it holds its high-water mark, by which libcurl pauses the transfer and stops reading the socket, and asks for more when
its reader has taken what it held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.problem import Problem

HIGH_WATER = 128 * 1024
"""Bytes held for a reader before the origin is made to wait. libcurl holds one read more."""

THRIFTY = 48 * 1024
"""Bytes held for a reader until he is known to take `QUICK` bytes a second on the whole, since kernels take them in
lumps: there may be thousands who do not, and they wait for their networks, not for the origin."""

QUICK = 1024 * 1024
KERNELS = 512 * 1024
"""Bytes that the kernels on the way take at once, whoever reads."""


class Body:
    """Bytes between one transfer and one reader. ``resume`` is called when a refused chunk may come again."""

    def __init__(self, resume: Callable[[], None]) -> None:
        self._resume = resume
        self._pieces: list[bytes] = []
        self._held = 0
        self._most = THRIFTY
        self._began = asyncio.get_running_loop().time()
        self._refused = False
        self._ended = False
        self._failure: Problem | None = None
        self._wake: asyncio.Future[None] | None = None
        self.received = 0

    def offer(self, chunk: bytes) -> bool:
        """Take a chunk, or refuse it because the reader has yet to take what is held."""
        if self._held >= self._most:
            self._refused = True
            return False
        self._pieces.append(chunk)
        self._held += len(chunk)
        self.received += len(chunk)
        self._stir()
        return True

    def end(self, failure: Problem | None) -> None:
        """No more will come: the body is whole, or ``failure`` says why it is not."""
        self._ended = True
        self._failure = failure
        self._stir()

    def discard(self) -> None:
        """Let go of what is held: its reader has left, and whatever still refers to this may live for long."""
        self._pieces.clear()
        self._held = 0

    async def read(self) -> bytes:
        """All that is held, waiting for the first byte; empty at the end. Raise the `Problem` that cut it short."""
        loop = asyncio.get_running_loop()
        if self.received > KERNELS:
            self._most = HIGH_WATER if self.received > (loop.time() - self._began) * QUICK else THRIFTY
        while not self._pieces and not self._ended:
            self._wake = loop.create_future()
            await self._wake
        if self._pieces:
            return self._take()
        if self._failure is not None:
            raise self._failure
        return b""

    def _take(self) -> bytes:
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._refused:
            self._refused = False
            self._resume()
        return taken

    def _stir(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
