"""A body that outlives its connection: where the origin breaks off, it is asked for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.origins.extent import Extent
from gateway.origins.transfer import MisframedBody, Transfer
from gateway.problem import OriginTimedOut, OriginUnreachable, Problem

TRIES = 3
"""How often the rest is asked for without a byte of it coming."""

MOST_TRIES = 20
"""How often in all, of an origin that gives a little each time."""

FIRST_WAIT = 0.1
"""Seconds before the first try; each next one waits four times as long."""

Reopen = Callable[[Extent], Awaitable[Transfer]]


class Readable(Protocol):
    """A body, whatever it comes from."""

    async def read(self) -> bytes:
        """What has come, waiting for the first byte; empty at the end. Raise the `Problem` that cut it short."""


@dataclass
class LastingBody:
    """The bytes of an ``extent``, from one transfer after another; ``reopen`` starts the next, with its head there."""

    transfer: Transfer
    extent: Extent
    reopen: Reopen
    resumed: int = 0
    _fruitless: int = field(default=0, init=False)
    _broken: Problem | None = field(default=None, init=False)

    async def read(self) -> bytes:
        """As `Body.read`; a break-off is only raised when the rest cannot be had, and then whenever it is read."""
        if self._broken is not None:
            raise self._broken
        try:
            return await self._read()
        except Problem as broken:
            self._broken = broken
            raise

    async def _read(self) -> bytes:
        while True:
            try:
                chunk = await self.transfer.body.read()
            except MisframedBody:
                raise  # the next byte is anybody's guess
            except (OriginUnreachable, OriginTimedOut) as broken:
                if self.extent.is_empty:
                    return b""
                await self._resume(broken)
                continue
            if chunk:
                self.extent = self.extent.after(len(chunk))
                if self.extent.is_exceeded:
                    raise OriginUnreachable("The origin sent more than it said that the body holds.")
                self._fruitless = 0
            elif self.extent.last is not None and not self.extent.is_empty:
                await self._resume(OriginUnreachable("The origin ended the body before it was whole."))
                continue
            return chunk

    async def _resume(self, broken: Problem) -> None:
        """Go on with another transfer, or raise what broke this one."""
        while self._fruitless < TRIES and self.resumed < MOST_TRIES:
            self.transfer.cancel()
            await asyncio.sleep(FIRST_WAIT * 4**self._fruitless)
            self._fruitless += 1
            self.resumed += 1
            try:
                transfer = await self.reopen(self.extent)
            except (OriginUnreachable, OriginTimedOut):
                continue
            self.transfer = transfer
            rest = self.extent.met_by(await transfer.head)
            if rest is None:
                break  # it has changed, or does not do ranges: no number of tries will help
            self.extent = rest
            return
        raise broken

    def cancel(self) -> None:
        """End what runs."""
        self.transfer.cancel()
