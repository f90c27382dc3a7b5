"""One policy, held round one request."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType

from gateway.policy import Call, Meter, Policy, Problem


@dataclass(frozen=True, slots=True)
class Noting:
    """Tells an error that comes out of the block where it was, unless it is an answer to the client."""

    note: str

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Add the note; never swallow the error."""
        if isinstance(error, Exception) and not isinstance(error, Problem):
            error.add_note(self.note)


class Held:
    """Enters a policy and leaves it. What went wrong elsewhere passes through the policy, which can clean up and cannot
    swallow it; what goes wrong in its own code carries the note."""

    def __init__(self, policy: Policy, call: Call, note: str) -> None:
        self._admission = asynccontextmanager(policy.admit)(call)
        self._noting = Noting(note)

    async def __aenter__(self) -> Meter | None:
        """Raise what the policy raises, or give its meter."""
        with self._noting:
            meter = await self._admission.__aenter__()
        return None if meter is None else self._noted(meter)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Let the policy clean up. Returning nothing, even if it swallowed the error, keeps another policy's refusal a
        refusal and a failed stream a failure."""
        with self._noting:
            await self._admission.__aexit__(kind, error, at)

    def _noted(self, meter: Meter) -> Meter:
        async def measure(size: int) -> None:
            with self._noting:
                await meter(size)

        return measure
