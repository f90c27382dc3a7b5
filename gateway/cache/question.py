"""A question to an origin that is under way: who wants to know the same waits for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.cache.flight import Flight
from gateway.cache.shelves import Kept
from gateway.problem import Problem


@dataclass(frozen=True, slots=True)
class Unshared:
    """The answer is one asker's alone: all others have to ask for themselves."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Whoever asked has left before there was an answer: somebody else has to ask."""


Reply = Kept | Flight | Unshared | Abandoned


@dataclass
class Question:
    """Asked once; ``answered`` by who asked, or given up when its block ends without."""

    _reply: asyncio.Future[Reply] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @contextmanager
    def asking(self) -> Iterator[None]:
        """For who asks: a `Problem` that is raised in the block is everybody's."""
        try:
            yield
        except Problem as problem:
            if not self._reply.done():
                self._reply.set_exception(problem)
                self._reply.exception()  # marks it seen: perhaps nobody waits
            raise
        finally:
            self.answer(Abandoned())

    def answer(self, reply: Reply) -> None:
        """Tell all who wait; the first answer holds."""
        if not self._reply.done():
            self._reply.set_result(reply)

    async def reply(self) -> Reply:
        """Wait for the answer; raise the `Problem` that it met."""
        return await asyncio.shield(self._reply)
