"""Asks that wait in one turn of the event loop go to Redis in one call of one script."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from redis.exceptions import BusyLoadingError, RedisClusterException, RedisError, ResponseError

from gateway.problem import OutOfCapacity
from gateway.store.ask import Ask
from gateway.store.breaker import Breakers
from gateway.store.outage import Unanswered
from gateway.store.servers import NothingSentError, Servers

MOST_IN_A_CALL = 500
"""Asks that one call takes: a script holds up all other clients of a Redis while it runs, here for about 2 ms."""

MOST_AT_ONCE = 50
"""Calls that one server is asked at a time: each takes a connection, and a client has 100 of them for each server."""

_FAULT = b"!"  # what begins the word of an ask that cannot be answered

_NO_ANSWER = "The store of limits does not answer."


class _Waiting(NamedTuple):
    """An ask, and who waits for it."""

    ask: Ask
    answer: asyncio.Future[Sequence[int]]


@dataclass
class Batch:
    """Asks a store, waiting ``patience`` seconds for each call. A failed call counts once for its server's breaker,
    however many asks it held. ``observe`` is told the seconds that each call took."""

    servers: Servers
    breakers: Breakers
    patience: float
    observe: Callable[[float], None] = lambda _seconds: None
    calls: int = 0
    _waiting: list[_Waiting] = field(default_factory=list)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _room: dict[str, asyncio.Semaphore] = field(default_factory=lambda: defaultdict(_room_at_a_server))

    async def ask(self, ask: Ask) -> Sequence[int]:
        """What is told; raise `OutOfCapacity` if the store does not answer in time, or at once if it has not for a
        while: `Unanswered` if it may have done what it was asked all the same.

        A call is never tried again: its first try may have been counted.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._send)
        waiting = _Waiting(ask, loop.create_future())
        self._waiting.append(waiting)
        return await waiting.answer

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for together in self._by_part(waiting):
            for start in range(0, len(together), MOST_IN_A_CALL):
                some = together[start : start + MOST_IN_A_CALL]
                call = asyncio.ensure_future(self._call(some))
                self._running.add(call)
                call.add_done_callback(partial(self._ended, some))

    def _ended(self, together: Sequence[_Waiting], call: asyncio.Task[None]) -> None:
        """Nobody is to wait for ever because of a fault of this program's."""
        self._running.discard(call)
        for answer in _missing(together):
            if call.cancelled() or not (fault := call.exception()):
                answer.cancel()
            else:
                answer.set_exception(fault)

    def _by_part(self, waiting: Sequence[_Waiting]) -> Iterable[list[_Waiting]]:
        parts: dict[int, list[_Waiting]] = {}
        for one in waiting:
            parts.setdefault(self.servers.part(one.ask.counter_id), []).append(one)
        return parts.values()

    async def _call(self, together: Sequence[_Waiting]) -> None:
        try:
            answers = _answers(together, await self._run([one.ask for one in together]))
        except OutOfCapacity as problem:
            for answer in _missing(together):
                answer.set_exception(type(problem)(problem.detail))
        else:
            for one, told in zip(together, answers, strict=True):
                self._tell(one, told)

    def _tell(self, one: _Waiting, told: Sequence[int] | str) -> None:
        if isinstance(told, str):
            self.breakers.refused(one.ask.keys[0], told)
        for answer in _missing((one,)):
            if isinstance(told, str):
                answer.set_exception(OutOfCapacity(_NO_ANSWER))
            else:
                answer.set_result(told)

    async def _run(self, asks: Sequence[Ask]) -> Sequence[bytes]:
        counter_id = asks[0].counter_id
        server = self.servers.server(counter_id)
        async with self._room[server]:
            breaker = self.breakers.of(server)
            is_trial, is_sent = breaker.require_closed(), False
            self.calls += 1
            started = time.perf_counter()
            try:
                async with asyncio.timeout(self.patience):
                    if is_trial:  # by what counts nothing: a server that hangs would do it later, unheard
                        await self.servers.ping(counter_id)
                    is_sent = True
                    told = await self.servers.evaluate(*_keys_and_json(asks))
            except NothingSentError as error:
                breaker.failed(error.cause)
                raise OutOfCapacity(_NO_ANSWER) from error
            except (ResponseError, BusyLoadingError) as error:
                breaker.failed(error)
                raise OutOfCapacity(_NO_ANSWER) from error  # it has refused, at the first write at the latest
            except (RedisError, RedisClusterException, OSError) as error:
                breaker.failed(error)
                raise (Unanswered if is_sent else OutOfCapacity)(_NO_ANSWER) from error
            finally:
                self.observe(time.perf_counter() - started)
            breaker.succeeded()
            return told.split()


def _answers(together: Sequence[_Waiting], words: Sequence[bytes]) -> list[Sequence[int] | str]:
    """What each ask is told, or why it cannot be answered."""
    answers: list[Sequence[int] | str] = []
    at = 0
    for one in together:
        if words[at].startswith(_FAULT):
            answers.append(words[at].removeprefix(_FAULT).decode())
            at += 1
        else:
            answers.append([int(word) for word in words[at : at + one.ask.tells]])
            at += one.ask.tells
    return answers


def _missing(together: Sequence[_Waiting]) -> Iterable[asyncio.Future[Sequence[int]]]:
    """The answers that somebody still waits for: a request may have gone."""
    return (one.answer for one in together if not one.answer.done())


def _room_at_a_server() -> asyncio.Semaphore:
    return asyncio.Semaphore(MOST_AT_ONCE)


def _keys_and_json(asks: Sequence[Ask]) -> tuple[list[str], str]:
    """The keys and the one argument of a call."""
    keys = [key for ask in asks for key in ask.keys]
    return keys, json.dumps([(ask.verb, len(ask.keys), *ask.arguments) for ask in asks])
