"""What each relay adds to the time to the first byte of 64 KB, for one client that asks for one thing after another."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.relay.peers import LOAD, Peer, aiohttp, bench_python, mediaflow, nginx, origin, sluicegate

SIZE = 64 * 1024
MOST_MS = 1.0
DIRECT = "the origin itself"


@dataclass(frozen=True)
class Target:
    """Who is asked, for what, and the milliseconds of each round, sorted."""

    name: str
    url: str
    fields: Mapping[str, str]
    rounds: list[Sequence[float]] = field(default_factory=list)

    @classmethod
    def of(cls, peer: Peer, url: str) -> Target:
        """A relay."""
        name, _, value = peer.field.partition(": ")
        return cls(peer.name, peer.url(url), {name: value})


def _round(target: Target, seconds: float) -> Sequence[float]:
    """Milliseconds until the first byte, over one connection; raise `RuntimeError` for any answer but 200."""
    split, waits = urlsplit(target.url), list[float]()
    path = f"{split.path}?{split.query}" if split.query else split.path
    with closing(http.client.HTTPConnection(split.netloc, timeout=30)) as connection:
        connection.connect()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(waits) < 10:
            asked = time.perf_counter()
            connection.request("GET", path, headers=dict(target.fields))
            assert connection.sock is not None
            connection.sock.recv(1, 2)  # MSG_PEEK
            waits.append((time.perf_counter() - asked) * 1000)
            answer = connection.getresponse()
            if answer.status != 200 or len(answer.read()) != SIZE:
                raise RuntimeError(f"{target.name} answers {answer.status}")
    return sorted(waits[5:])


def _lines(targets: Sequence[Target]) -> list[Line]:
    direct, lines = targets[0], []
    for target in targets:
        # Of each round: what else the machine does then meets both.
        p50 = median(median(one) - median(other) for one, other in zip(target.rounds, direct.rounds, strict=True))
        p99 = median(_p99(one) - _p99(other) for one, other in zip(target.rounds, direct.rounds, strict=True))
        if target is direct:
            p50, p99 = median(map(median, direct.rounds)), median(map(_p99, direct.rounds))
        ours = target.name == "sluicegate"
        promised, kept = (f"p50 at most {MOST_MS:.0f} ms", p50 <= MOST_MS) if ours else ("", True)
        what = DIRECT if target is direct else f"added by {target.name}"
        lines.append(Line(what, f"p50 {p50:.2f} ms, p99 {p99:.2f} ms", promised, kept=kept))
    return lines


def _p99(waits: Sequence[float]) -> float:
    return quantiles(waits, n=100)[98]


def measure(scale: Scale) -> Report:
    """As many rounds as ``requests``, each of all in turn, each for ``seconds``."""
    os.sched_setaffinity(0, {int(LOAD)})
    with TemporaryDirectory(prefix="sluicegate-") as name, ExitStack() as held:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "64KB.ts").write_bytes(os.urandom(SIZE))
        upstream = held.enter_context(origin(folder))
        python, url = bench_python(), f"{upstream}/64KB.ts"
        targets = [Target(DIRECT, url, {})]
        for peer in (
            nginx(folder, upstream),
            aiohttp(python, upstream),
            mediaflow(python, upstream),
            sluicegate(folder, upstream),
        ):
            targets.append(Target.of(held.enter_context(peer), url))
        for number in range(scale.requests + 1):
            for target in targets:
                waits = _round(target, scale.seconds)
                if number:  # the first round is for warming up
                    target.rounds.append(waits)
    return Report(_lines(targets))


FIGURE = Figure("first_byte", (__doc__ or "").strip(), Scale(5, 1), measure)

if __name__ == "__main__":
    FIGURE.main()
