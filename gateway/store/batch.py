"""Decisions that wait in one turn of the event loop go to Redis in one call of one script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.policy import Decision, Window
from gateway.problem import OutOfCapacity
from gateway.store.breaker import Breaker

MOST_IN_A_CALL = 500
"""Decisions that one call takes: a script holds up all other clients of a Redis while it runs, here for about 2 ms."""

_MICROSECONDS = 1_000_000
_SLIDING_LOG = (Path(__file__).parent / "sliding_log.lua").read_text()


@dataclass(frozen=True, slots=True)
class _Ask:
    """One decision that is waited for; ``verb`` is take or peek."""

    window: Window
    verb: str
    answer: asyncio.Future[Decision]


class Batch:
    """Asks a Redis for decisions, waiting ``patience`` seconds for each call. A failed call counts once for the
    breaker, however many decisions it held."""

    def __init__(self, redis: Redis, breaker: Breaker, patience: float) -> None:
        self._script: Callable[..., Awaitable[Sequence[int]]] = redis.register_script(_SLIDING_LOG)
        self._breaker = breaker
        self._patience = patience
        self._waiting: list[_Ask] = []
        self._calls: set[asyncio.Task[None]] = set()
        self.calls = 0

    async def ask(self, window: Window, verb: str) -> Decision:
        """One decision; raise `OutOfCapacity` if Redis does not answer in time, or at once if it has not for a while.

        A call is never tried again: its first try may have been counted.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._send)
        ask = _Ask(window, verb, loop.create_future())
        self._waiting.append(ask)
        return await ask.answer

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), MOST_IN_A_CALL):
            call = asyncio.ensure_future(self._call(waiting[start : start + MOST_IN_A_CALL]))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, asks: Sequence[_Ask]) -> None:
        try:
            told = await self._run(asks)
        except OutOfCapacity as problem:
            for ask in asks:
                if not ask.answer.done():
                    ask.answer.set_exception(OutOfCapacity(problem.detail))
            return
        for ask, decision in zip(asks, _decisions(told), strict=True):
            if not ask.answer.done():  # its request may have gone
                ask.answer.set_result(decision)

    async def _run(self, asks: Sequence[_Ask]) -> Sequence[int]:
        self._breaker.require_closed()
        self.calls += 1
        arguments = [part for ask in asks for part in (ask.window.limit, ask.window.seconds * _MICROSECONDS, ask.verb)]
        try:
            async with asyncio.timeout(self._patience):
                told = await self._script(keys=[_key(ask.window) for ask in asks], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._breaker.failed(error)
            raise OutOfCapacity("The store of limits does not answer.") from error
        self._breaker.succeeded()
        return told


def _key(window: Window) -> str:
    # The braces keep all windows of one counter on one node of a cluster, and spread the counters.
    return f"sg:{{{window.counter_id}}}:{window.policy}"


def _decisions(told: Sequence[int]) -> list[Decision]:
    return [
        Decision(bool(told[at]), told[at + 1], told[at + 2] / _MICROSECONDS, told[at + 3] / _MICROSECONDS)
        for at in range(0, len(told), 4)
    ]
