"""One policy, held round one request."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType

from gateway.policy import Meter, Problem


@dataclass(frozen=True, slots=True)
class Noting:
    """Tells an error that comes out of the block where it was: an answer to the client by the policy that gave it, any
    other by a note."""

    policy: str
    tier: str

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Never swallow the error."""
        if isinstance(error, Problem):
            error.policy = error.policy or self.policy
        elif isinstance(error, Exception):
            error.add_note(f"in policy {self.policy} of tier {self.tier}")


@dataclass(frozen=True, slots=True)
class NotedMeter:
    """A policy's meter, whose errors tell where they were."""

    meter: Meter
    noting: Noting

    async def __call__(self, size: int, /) -> None:
        """Raise what the meter raises."""
        with self.noting:
            await self.meter(size)

    @property
    def largest(self) -> int:
        """The most bytes that the meter is to be asked about; raise what `largest` raises."""
        with self.noting:
            return largest(self.meter)


def largest(meter: Meter) -> int:
    """The most bytes that a meter is to be asked about; raise `ValueError` if it names none, for a body in pieces of no
    bytes would never be sent."""
    size = getattr(meter, "largest", sys.maxsize)
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"largest is {size!r}; it must be a whole number above zero")
    return size


class Held:
    """Enters a policy and leaves it. What went wrong elsewhere passes through the policy, which can clean up and cannot
    swallow it; what goes wrong in its own code carries the note."""

    def __init__(self, admission: AbstractAsyncContextManager[Meter | None], noting: Noting) -> None:
        self._admission = admission
        self._noting = noting

    async def __aenter__(self) -> Meter | None:
        """Raise what the policy raises, or give its meter."""
        with self._noting:
            meter = await self._admission.__aenter__()
        return None if meter is None else NotedMeter(meter, self._noting)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Let the policy clean up. Returning nothing, even if it swallowed the error, keeps another policy's refusal a
        refusal and a failed stream a failure."""
        with self._noting:
            await self._admission.__aexit__(kind, error, at)
