"""What a cache has: requests a second of 64 KB and processor seconds a GB of 2 MB, beside nginx with proxy_cache."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.relay.load import Seen, load
from benchmarks.relay.peers import KEPT, nginx_cache, sluicegate
from benchmarks.relay.throughput import FILES, file_of, served_files


def measure(scale: Scale) -> Report:
    """As many rounds as ``requests``, each load for ``seconds``."""
    seen: dict[tuple[str, str], list[Seen]] = {}
    with served_files() as (folder, upstream), ExitStack() as held:
        peers = [held.enter_context(peer(folder, upstream)) for peer in (nginx_cache, sluicegate)]
        for number in range(scale.requests + 1):
            for file, (_, connections) in FILES.items():
                for peer in peers:
                    url = f"{upstream}{KEPT}/{file_of(file)}"
                    one = load(peer, url, connections, scale.seconds)
                    if number:  # the first round is for warming up, and fills the caches
                        seen.setdefault((file, peer.name), []).append(one)
    return Report([_line(*of, each) for of, each in seen.items()])


def _line(file: str, peer: str, each: list[Seen]) -> Line:
    rate, cost = median(one.rate for one in each), median(one.cpu_per_gb for one in each)
    return Line(f"{file}, {peer}", f"{rate:,.0f} requests/s, {cost:.2f} processor seconds a GB")


FIGURE = Figure("cached_hit", (__doc__ or "").strip(), Scale(5, 3), measure)

if __name__ == "__main__":
    FIGURE.main()
