"""A policy on trial: measured and logged, never enforced."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from gateway.policy import Call, Meter, Problem, Refusal
from gateway.tiers.held import Held

GRACE = 0.1
"""How many seconds a meter may take for its last sizes, once the request is over: what one call to the store may."""

_log = logging.getLogger("sluicegate.shadow")


@dataclass(frozen=True, slots=True)
class Trial:
    """Logs what a policy would have done to a request, and lets the request go on. Names a key's id, never the key."""

    policy: str
    call: Call

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        """Swallow refusals and the policy's own errors; a cancelled request stays cancelled."""
        if isinstance(error, Problem):
            self._log_refusal(error)
        elif isinstance(error, Exception):
            who = self.call.identity
            _log.error("shadow: %s of tier %s failed", self.policy, who.tier, exc_info=error)
        return isinstance(error, Exception)

    def _log_refusal(self, problem: Problem) -> None:
        who = self.call.identity
        self.call.shadowed.append(Refusal(self.policy, problem.error))
        told = "shadow: %s of tier %s would have refused key %s: %s"
        _log.info(told, self.policy, who.tier, who.key_id, problem.error)


class Shadow:
    """Holds a policy as `Held` does, and goes on without it if it refuses or fails."""

    def __init__(self, held: Held, trial: Trial) -> None:
        self._held = held
        self._trial = trial
        self._entered = False
        self._trailing: TrailingMeter | None = None

    async def __aenter__(self) -> Meter | None:
        """Never raises what the policy raises."""
        with self._trial:
            meter = await self._held.__aenter__()
            self._entered = True
            self._trailing = TrailingMeter(meter, self._trial) if meter else None
        return self._trailing

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Let the policy clean up, after its meter has caught up or `GRACE` is over."""
        try:
            if self._trailing:
                await self._trailing.close()
        finally:
            with self._trial:
                if self._entered:
                    await self._held.__aexit__(kind, error, at)


class TrailingMeter:
    """A meter that runs behind the stream, not in its way: the sizes that it is too slow for are added up."""

    def __init__(self, meter: Meter, trial: Trial) -> None:
        self._meter = meter
        self._trial = trial
        self._waiting = 0
        self._behind: asyncio.Task[None] | None = None
        self._over = False

    async def __call__(self, size: int, /) -> None:
        """Returns at once."""
        if self._over:
            return
        self._waiting += size
        if self._behind is None or self._behind.done():
            self._behind = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        while self._waiting:
            size, self._waiting = self._waiting, 0
            with self._trial:
                await self._meter(size)
                continue
            self._over = True  # in force, it would have ended the stream here
            return

    async def close(self) -> None:
        """Wait until the meter has caught up, `GRACE` seconds at most."""
        if self._behind:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._behind, GRACE)
