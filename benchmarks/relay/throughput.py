"""Processor time for a gigabyte, and requests a second, beside nginx, a bare aiohttp relay and MediaFlow Proxy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.relay.load import Seen, load
from benchmarks.relay.peers import (
    KEPT,
    Peer,
    aiohttp,
    bench_python,
    mediaflow,
    nginx,
    nginx_cache,
    origin,
    sluicegate,
)

FILES = {"2 MB": (2 * 2**20, 4), "64 KB": (64 * 2**10, 16)}
"""Bytes of each file, and how many connections ask for it at once."""

MISS = "64 KB"
"""What is asked for under another URL each time, where a cache may keep it."""

MOST_OF_NGINX = 1.0
LEAST_OF_AIOHTTP = 0.6
Rounds = Mapping[tuple[str, str], Sequence[Seen]]


def _measured(peers: Sequence[Peer], caches: Sequence[Peer], upstream: str, scale: Scale) -> Rounds:
    """All peers in turn, over and over, so that whatever else the machine does meets them alike."""
    seen: dict[tuple[str, str], list[Seen]] = {}
    for number in range(scale.requests + 1):
        told = [
            (name, peer, load(peer, f"{upstream}/{file_of(name)}", connections, scale.seconds))
            for name, (_, connections) in FILES.items()
            for peer in peers
        ]
        for peer in caches:
            url = f"{upstream}{KEPT}/{file_of(MISS)}"
            told.append(("miss", peer, load(peer, url, FILES[MISS][1], scale.seconds, unique=True)))
        for name, peer, one in told if number else ():  # the first round is for warming up
            seen.setdefault((name, peer.name), []).append(one)
    return seen


def file_of(name: str) -> str:
    """The name of one of `FILES`."""
    return f"{name.replace(' ', '')}.ts"


def _lines(seen: Rounds, peers: Sequence[Peer]) -> Iterator[Line]:
    names = [peer.name for peer in peers]
    cpu = {name: median(one.cpu_per_gb for one in seen["2 MB", name]) for name in names}
    rate = {name: median(one.rate for one in seen["64 KB", name]) for name in names}
    of_nginx, of_aiohttp = cpu["sluicegate"] / cpu["nginx"], rate["sluicegate"] / rate["aiohttp"]
    for name in names:
        yield Line(f"2 MB: processor seconds a GB, {name}", f"{cpu[name]:.2f}")
    promised = f"at most {MOST_OF_NGINX}"
    yield Line("  sluicegate to nginx", f"{of_nginx:.2f}", promised, kept=of_nginx <= MOST_OF_NGINX)
    for name in names:
        slow = [median(pick) for pick in zip(*((it.p50, it.p99) for it in seen["64 KB", name]), strict=True)]
        yield Line(f"64 KB: requests/s, {name}", f"{rate[name]:,.0f} (p50 {slow[0]:.1f} ms, p99 {slow[1]:.1f} ms)")
    promised = f"at least {LEAST_OF_AIOHTTP}"
    yield Line("  sluicegate to aiohttp", f"{of_aiohttp:.2f}", promised, kept=of_aiohttp >= LEAST_OF_AIOHTTP)
    for (name, peer), each in seen.items():
        if name == "miss":
            often, cost = median(one.rate for one in each), median(one.cpu_per_request for one in each)
            yield Line(
                f"miss, {MISS}: requests/s, {peer}", f"{often:,.0f} ({cost * 1e6:,.0f} us of processor time each)"
            )


@contextmanager
def served_files() -> Iterator[tuple[Path, str]]:
    """A folder with all `FILES` in it, and the URL of an origin that serves them."""
    with TemporaryDirectory(prefix="sluicegate-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        for file, (size, _) in FILES.items():
            (folder / file_of(file)).write_bytes(os.urandom(size))
        with origin(folder) as upstream:
            yield folder, upstream


def measure(scale: Scale) -> Report:
    """As many rounds as ``requests``, each load for ``seconds``."""
    with served_files() as (folder, upstream), ExitStack() as held:
        python = bench_python()
        peers = [
            held.enter_context(nginx(folder, upstream)),
            held.enter_context(aiohttp(python, upstream)),
            held.enter_context(mediaflow(python, upstream)),
            held.enter_context(sluicegate(folder, upstream)),
        ]
        caches = [held.enter_context(nginx_cache(folder, upstream)), peers[-1]]
        return Report(list(_lines(_measured(peers, caches, upstream, scale), peers)))


FIGURE = Figure("throughput", (__doc__ or "").strip(), Scale(5, 3), measure)

if __name__ == "__main__":
    FIGURE.main()
