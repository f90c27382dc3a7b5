"""Redis is killed and started empty five seconds later; another hangs for as long: what each tier answers meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.client import BROKEN, Client, Load, paced
from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.gateways import counted_gateway, new_key
from benchmarks.redis_server import RedisServer

LIMIT, WINDOW = 100, 1
RATE = 200
"""Requests a second for each tier: twice its limit."""

DOWN_AT, UP_AT = 4.0, 9.0
TO_NOTICE = 0.3
"""Seconds in which calls that were under way may still be answered as before."""

CONNECTIONS = 24
LONG_MS, MOST_LATE_MS = 150, 100
SOON = 2.5
"""Seconds: the breaker tries each second, and a window that began before has to pass."""

KILLED, FROZEN = "killed", "frozen"
WORKERS = 2
TIERS = """\
origins:
  - https://media.example.com
tiers:
  local: {rate_limit: 100/1s, on_store_error: local, streaming: false}
  deny: {rate_limit: 100/1s, on_store_error: deny, streaming: false}
  allow: {rate_limit: 100/1s, on_store_error: allow, streaming: false}
"""
NAMES = ("local", "deny", "allow")


@dataclass(frozen=True)
class Timeline:
    """Answers of one tier; all times are of `time.monotonic`."""

    began: float
    up: float
    load: Load

    def during(self, start: float, end: float) -> Tally[int]:
        """Statuses of what was sent between two seconds from the beginning."""
        return Tally(it.status for it in self.load.answers if start <= it.sent - self.began < end)

    def by_second(self) -> str:
        """``4: 200x100 429x100`` and so on."""
        last = int(max(it.sent for it in self.load.answers) - self.began)
        seconds = ((second, self.during(second, second + 1)) for second in range(last + 1))
        return "  ".join(f"{second}: " + " ".join(f"{s}x{n}" for s, n in sorted(it.items())) for second, it in seconds)

    def exact_again(self) -> float:
        """Seconds from the restart until the last answer that the limit, exactly counted, would not have given: 503, or
        one more than the limit in what cannot have been a whole window."""
        wrong = [it.answered for it in self.load.answers if it.sent > self.up and it.status not in {200, 429}]
        admitted = sorted((it.answered, it.sent) for it in self.load.answers if it.status == 200)
        for start in range(len(admitted) - LIMIT):
            group = admitted[start : start + LIMIT + 1]  # each was decided between its sending and its answer
            last = group[-1][0]
            if last > self.up and last - min(sent for _, sent in group) < WINDOW:
                wrong.append(last)
        return max(wrong, default=self.up) - self.up


async def _interrupt(redis: RedisServer, how: str, seconds: float) -> float:
    """Take it away and give it back; when it was back."""
    await asyncio.sleep(DOWN_AT)
    if how == KILLED:
        redis.kill()
    else:
        redis.freeze()
    await asyncio.sleep(min(UP_AT, seconds - 1) - DOWN_AT)
    if how == KILLED:
        await asyncio.to_thread(redis.start)
    else:
        redis.thaw()
    return time.monotonic()


async def _load(port: int, keys: Mapping[str, str], redis: RedisServer, how: str, scale: Scale) -> dict[str, Timeline]:
    clients = {name: Client(port) for name in keys}
    for client in clients.values():
        await client.open(CONNECTIONS // len(clients))
    rate = min(RATE, scale.requests / len(keys) / scale.seconds)
    asks = [partial(clients[name].get, "/api/tiers", f"X-API-Key: {key}\r\n") for name, key in keys.items()]
    began = time.monotonic()
    interrupted = asyncio.ensure_future(_interrupt(redis, how, scale.seconds))
    loads = await asyncio.gather(*(paced(ask, rate, scale.seconds) for ask in asks))
    up = await interrupted
    for client in clients.values():
        client.close()
    return {name: Timeline(began, up, load) for name, load in zip(keys, loads, strict=True)}


def measure(scale: Scale) -> Report:
    """Spread the requests over the tiers and the seconds, at most `RATE` a second for each tier; once for each way."""
    lines: list[Line] = []
    detail: list[str] = []
    for how in (KILLED, FROZEN):
        with counted_gateway(TIERS, WORKERS) as (service, redis):
            keys = {name: new_key(service, name) for name in NAMES}
            told = asyncio.run(_load(service.port, keys, redis, how, scale))
        lines += _lines(how, told, scale)
        detail += [f"{how}, {name:5} {timeline.by_second()}" for name, timeline in told.items()]
    return Report(lines, detail)


def _lines(how: str, told: Mapping[str, Timeline], scale: Scale) -> list[Line]:
    down = (DOWN_AT + TO_NOTICE, min(UP_AT, scale.seconds - 1))
    seen = {name: timeline.during(*down) for name, timeline in told.items()}
    most = LIMIT * (down[1] - down[0] + WINDOW)
    return [
        Line(f"{how}: local", _told(seen["local"]), "200 and 429", kept=_only(seen["local"], 200, 429)),
        Line("  of these admitted", f"{seen['local'][200]}", f"at most {most:.0f}", kept=seen["local"][200] <= most),
        Line(f"{how}: deny", _told(seen["deny"]), "503", kept=_only(seen["deny"], 503)),
        Line(f"{how}: allow", _told(seen["allow"]), "200", kept=_only(seen["allow"], 200)),
        *_waiting([timeline.load for timeline in told.values()]),
        *(_exact_line(name, timeline) for name, timeline in told.items()),
    ]


def _waiting(loads: Sequence[Load]) -> list[Line]:
    answers = [answer for load in loads for answer in load.answers]
    failed = sum(it.status not in {200, 429, 503} for it in answers)
    waits = [(it.answered - it.sent) * 1000 for it in answers]
    late = max(load.late for load in loads) * 1000
    waited = sum(wait > LONG_MS for wait in waits)
    return [
        Line("  requests that failed", f"{failed} of {len(answers)}", "0", kept=not failed),
        Line("  requests that waited over 150 ms", f"{waited}, the longest {max(waits):.0f} ms", "0", kept=not waited),
        # If not, the other lines tell of the machine.
        Line("  the load itself was late by", f"{late:.0f} ms", f"under {MOST_LATE_MS}", kept=late < MOST_LATE_MS),
    ]


def _exact_line(name: str, timeline: Timeline) -> Line:
    soon = timeline.exact_again()
    return Line(f"  {name}, seconds until exact again", f"{soon:.2f}", f"at most {SOON}", kept=soon <= SOON)


def _told(statuses: Tally[int]) -> str:
    return ", ".join(f"{status if status != BROKEN else 'none'} x {n}" for status, n in sorted(statuses.items()))


def _only(statuses: Tally[int], *allowed: int) -> bool:
    return bool(statuses) and statuses.keys() <= set(allowed)


FIGURE = Figure("outage", (__doc__ or "").strip(), Scale(3 * RATE * 14, 14), measure)

if __name__ == "__main__":
    FIGURE.main()
