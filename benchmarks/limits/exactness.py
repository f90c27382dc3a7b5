"""Never more than the limit in any window, and no refusal without need: four processes on one Redis."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter as Tally
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random

from redis import Redis

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.limits import schedules
from benchmarks.limits.recorded import LOG, NoDenials, WatchedDenials, record_decisions
from benchmarks.limits.windows import RIVALS, largest, refused_without_need, surely_needless
from benchmarks.redis_server import running_redis
from gateway.limits import Counter, OnStoreError
from gateway.problem import OutOfCapacity
from gateway.store.ask import MICROSECONDS, key
from gateway.store.redis_store import RedisStore, redis_store
from gateway.store.requests import StoredRequests
from gateway.units import Positive, Rate, Seconds

WORKERS = 4
MOST_UNANSWERED = 0.1
"""Of all requests: what is not answered shows nothing. Bursts of four processes on two cores do pass 100 ms."""

SCHEDULES = {"hostile": schedules.hostile, "random": schedules.random}
RATES = tuple(Rate(Positive(limit), Seconds(window)) for limit, window in ((10, 1), (100, 2), (1000, 5)))


@dataclass(frozen=True)
class Case:
    """One counter, and how it is asked; ``memory`` is whether workers remember denials."""

    rate: Rate
    schedule: str
    memory: bool

    @property
    def counter(self) -> Counter:
        """What it counts under."""
        name = f"{self.rate.limit}-{self.rate.window}-{self.schedule}-{self.memory}"
        return Counter(name, "rate_limit", OnStoreError.DENY)


CASES = tuple(Case(rate, schedule, memory) for rate in RATES for schedule in SCHEDULES for memory in (True, False))


@dataclass
class Outcome:
    """What one worker has seen, by the counters' names."""

    requests: int = 0
    admitted: Tally[str] = field(default_factory=Tally)
    unanswered: Tally[str] = field(default_factory=Tally)
    refused_from_memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def work(url: str, number: int, requests: int, seconds: float) -> Outcome:
    """One worker: ask for all cases at once, until there were so many requests."""
    record_decisions()
    return asyncio.run(_Worker(redis_store(url, WORKERS), number, requests, time.monotonic() + seconds).run())


class _Worker:
    def __init__(self, store: RedisStore, number: int, requests: int, ends: float) -> None:
        self._store = store
        self._number = number
        self._requests = requests
        self._ends = ends
        self._watched = WatchedDenials()
        self._outcome = Outcome()
        plain = store.requests
        self._logs = {
            memory: StoredRequests(plain.batch, denials, plain.local, plain.clock)
            for memory, denials in ((True, self._watched), (False, NoDenials()))
        }

    async def run(self) -> Outcome:
        await asyncio.gather(*(self._ask(case) for case in CASES))
        await self._store.close()
        self._outcome.refused_from_memory = self._watched.refused
        return self._outcome

    async def _ask(self, case: Case) -> None:
        counter, logs, rates, seen = case.counter, self._logs[case.memory], (case.rate,), self._outcome

        async def take() -> None:
            seen.requests += 1
            try:
                decision = await logs.take(counter, rates, 1)
            except OutOfCapacity:
                seen.unanswered[counter.counter_id] += 1
            else:
                seen.admitted[counter.counter_id] += decision.admitted

        chance = Random(f"{self._number} {counter.counter_id}")
        against = schedules.Limit(case.rate.limit, case.rate.window, WORKERS, turn=int(case.memory))
        await SCHEDULES[case.schedule](take, self._ended, against, chance)

    def _ended(self) -> bool:
        return self._outcome.requests >= self._requests or time.monotonic() >= self._ends


@dataclass(frozen=True)
class Verdict:
    """What the record of one case shows. ``rivals`` are the most that other ways of counting would have admitted."""

    case: Case
    requests: int
    largest: int
    needless_by_redis: int
    needless_from_memory: int
    rivals: dict[str, int]

    def __str__(self) -> str:
        memory = "remembered" if self.case.memory else "not remembered"
        rivals = ", ".join(f"{name} {count}" for name, count in self.rivals.items())
        needless = self.needless_by_redis + self.needless_from_memory
        told = f"{self.requests:6} requests, largest {self.largest:4}, needless {needless}; {rivals}"
        return f"{self.case.rate!s:8} {self.case.schedule:7} denials {memory:14} {told}"


def judge(case: Case, record: Sequence[tuple[int, bool]], outcomes: Sequence[Outcome]) -> Verdict:
    """Hold the record against the promise; raise `RuntimeError` if it is not one."""
    name, limit, window = case.counter.counter_id, case.rate.limit, case.rate.window * MICROSECONDS
    admitted = [time for time, was_admitted in record if was_admitted]
    told, unanswered = (sum(part[name] for part in parts) for parts in _parts(outcomes))
    if not told <= len(admitted) <= told + unanswered:
        raise RuntimeError(f"{name}: {len(admitted)} are recorded as admitted, workers were told so {told} times")
    if [time for time, _ in record] != sorted(time for time, _ in record):
        raise RuntimeError("the clock was set back meanwhile; measure again")
    remembered = [
        (before * MICROSECONDS, after * MICROSECONDS)
        for outcome in outcomes
        for before, after in outcome.refused_from_memory.get(name, ())
    ]
    arrivals = sorted([*(float(time) for time, _ in record), *(before for before, _ in remembered)])
    return Verdict(
        case,
        len(arrivals),
        largest(admitted, window),
        refused_without_need(record, limit, window),
        surely_needless(remembered, admitted, limit, window),
        {rival: largest(admit(arrivals, limit, window), window) for rival, admit in RIVALS.items()},
    )


def _parts(outcomes: Sequence[Outcome]) -> tuple[list[Tally[str]], list[Tally[str]]]:
    return [outcome.admitted for outcome in outcomes], [outcome.unanswered for outcome in outcomes]


def _record(redis: Redis, case: Case) -> list[tuple[int, bool]]:
    entries = [entry.split() for entry in redis.lrange(f"{LOG}{key(case.counter)}", 0, -1)]
    return [(int(time), admitted == b"1") for time, admitted in entries]


def measure(scale: Scale) -> Report:
    """Count all of one request's kind as one: so many takes, over all workers and counters."""
    with running_redis() as server:
        started = time.monotonic()
        with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
            share = scale.requests // WORKERS
            running = [pool.submit(work, server.url, number, share, scale.seconds) for number in range(WORKERS)]
            try:
                outcomes = [worker.result() for worker in running]
            except BaseException:
                for child in multiprocessing.active_children():
                    child.terminate()  # or they would be waited for
                raise
        took = time.monotonic() - started
        with Redis.from_url(server.url) as redis:
            verdicts = [judge(case, _record(redis, case), outcomes) for case in CASES]
    return Report([*_lines(verdicts), *_sizes(outcomes, took)], [str(verdict) for verdict in verdicts])


def _lines(verdicts: Sequence[Verdict]) -> list[Line]:
    lines = []
    for rate in RATES:
        most = max(verdict.largest for verdict in verdicts if verdict.case.rate == rate)
        # A limiter that never fills a window keeps the promise by breaking the other one.
        lines.append(Line(f"most in any window, {rate}", f"{most}", f"{rate.limit}, no more", kept=most == rate.limit))
    by_redis = sum(verdict.needless_by_redis for verdict in verdicts)
    from_memory = sum(verdict.needless_from_memory for verdict in verdicts)
    lines.append(Line("refused by Redis without need", f"{by_redis}", "0", kept=by_redis == 0))
    lines.append(Line("refused from memory without need", f"{from_memory}", "0", kept=from_memory == 0))
    lines += [_rival_line(name, verdicts) for name in RIVALS]
    return lines


def _rival_line(name: str, verdicts: Sequence[Verdict]) -> Line:
    most = [max(it.rivals[name] for it in verdicts if it.case.rate == rate) for rate in RATES]
    told = ", ".join(f"{count} of {rate.limit}" for count, rate in zip(most, RATES, strict=True))
    return Line(f"most by {name}, same arrivals", told)


def _sizes(outcomes: Sequence[Outcome], took: float) -> list[Line]:
    requests = sum(outcome.requests for outcome in outcomes)
    remembered = sum(len(times) for outcome in outcomes for times in outcome.refused_from_memory.values())
    unanswered = sum(outcome.unanswered.total() for outcome in outcomes)
    return [
        Line("requests", f"{requests:,}, {remembered:,} of them refused from memory, in {took:.0f} s"),
        Line(
            "requests that Redis did not answer in 100 ms",
            f"{unanswered}",
            f"under {MOST_UNANSWERED:.0%}",
            kept=unanswered < MOST_UNANSWERED * requests,
        ),
    ]


FIGURE = Figure("exactness", (__doc__ or "").strip(), Scale(200_000, 170), measure)

if __name__ == "__main__":
    FIGURE.main()
