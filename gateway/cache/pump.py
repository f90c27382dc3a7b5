"""Fills a flight's file from its origin, at the pace of the fastest viewer, for as long as there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field

from gateway.cache.draft import Draft
from gateway.cache.flight import Flight
from gateway.origins.lasting import Readable
from gateway.problem import OriginUnreachable, Problem


@dataclass
class _Rest:
    """What was read of a body and had no room in the file, and then the body."""

    chunk: bytes
    body: Readable

    async def read(self) -> bytes:
        """As `Readable.read`."""
        chunk, self.chunk = self.chunk, b""
        return chunk or await self.body.read()


@dataclass
class Pump:
    """``held`` is what the fetch takes; ``publish`` is called once the whole body is in the file, and finishes a draft
    that is to be kept; ``forget`` when nobody is to join any more."""

    flight: Flight
    draft: Draft
    body: Readable
    held: AsyncExitStack
    publish: Callable[[], Awaitable[None]]
    forget: Callable[[], None]
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """Run until the body is whole, or cannot be, or nobody watches any more."""
        self.flight.on_empty = self._stop
        self._task = asyncio.create_task(self._run())

    def _stop(self) -> None:
        if self._task is not None:  # a task that is cancelled before its first step would not end what it holds
            asyncio.get_running_loop().call_soon(self._task.cancel)

    async def _run(self) -> None:
        with ExitStack() as closing:
            closing.callback(self.draft.close)
            try:
                async with self.held:
                    await self._fill()
            finally:
                self._end()
                await self.flight.left()  # whatever has happened: another file may get the number of one that is closed

    def _end(self) -> None:
        """However it has ended."""
        self.forget()
        self.draft.discard()
        if not self.flight.ended:
            self.flight.lose(None)

    async def _fill(self) -> None:
        try:
            while chunk := await self.body.read():
                await self.flight.room()
                if not self.draft.append(chunk):
                    await self._hand_over(chunk)
                    return
                self.flight.grew(len(chunk))
                self.flight.end_if_unwatched()  # those of other workers leave without a word
        except Problem as problem:
            if not self.flight.whole:
                self.flight.fail(problem)
            return
        if self.flight.total not in {None, self.flight.received}:
            self.flight.fail(OriginUnreachable("The origin's body is not as long as its answer says."))
            return
        self.flight.finish()
        await self.publish()

    async def _hand_over(self, chunk: bytes) -> None:
        """Without room for it, the rest of the body goes to one viewer; who comes from now on asks anew."""
        self.forget()
        self.flight.lose(_Rest(chunk, self.body))
        if self.flight.heir is not None:
            await self.flight.left()
