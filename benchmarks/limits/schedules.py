"""When requests come: round the edges where other ways of counting admit too much, and at random."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

Take = Callable[[], Awaitable[None]]
Ended = Callable[[], bool]

_MARGINS = (0.0002, 0.001, 0.003, 0.01, 0.03)
"""Seconds before and after an edge at which a burst comes."""

_CROWD = 1.5
"""Times the limit: requests in a burst of all workers together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is to be broken, ``window`` in seconds, and by how many ``workers`` at once. ``turn`` is 0 or 1: of two that
    are attacked at once, each has every other edge, so that no more comes at one moment than the machine can bear."""

    limit: int
    window: float
    workers: int
    turn: int


async def hostile(take: Take, ended: Ended, against: Limit, chance: Random) -> None:
    """Every other window ends with a burst and the next begins with one (fixed windows admit both); through that next
    one requests come as fast as the limit is on average (a leaking bucket admits them too); then all is quiet, so that
    every bucket fills. Edges are multiples of the window on the clock that workers share."""
    window = against.window
    burst = math.ceil(_CROWD * against.limit / against.workers)
    while not ended():
        edge = _next_edge(against)
        await _until(edge - chance.choice(_MARGINS), ended)
        await _together(take, burst)
        await _until(edge + chance.choice(_MARGINS), ended)
        await _together(take, burst)
        await _steadily(take, ended, edge + window, window * against.workers / against.limit)


async def random(take: Take, ended: Ended, against: Limit, chance: Random) -> None:
    """Bursts of many sizes at random times, twice as much as the limit on average, and now and then a long silence."""
    sizes = (1, 1, 1, 2, 5, max(against.limit // 10, 1), max(against.limit // 3, 1))
    pause = sum(sizes) / len(sizes) * against.workers * against.window / (2 * against.limit)
    while not ended():
        silence = against.window * chance.uniform(0.9, 1.3) if chance.random() < 0.01 else 0.0
        await _until(time.time() + chance.expovariate(1 / pause) + silence, ended)
        await _together(take, chance.choice(sizes))


def _next_edge(against: Limit) -> float:
    shift, every = against.turn * against.window, 2 * against.window
    return ((time.time() - shift) // every + 1) * every + shift


async def _together(take: Take, count: int) -> None:
    await asyncio.gather(*(take() for _ in range(count)))


async def _steadily(take: Take, ended: Ended, until: float, pause: float) -> None:
    due = time.time()
    while due < until and not ended():
        await take()
        due += pause
        await _until(due, ended)


async def _until(when: float, ended: Ended) -> None:
    while not ended():
        left = when - time.time()
        await asyncio.sleep(min(max(left, 0), 0.2))
        if left <= 0.2:
            return
