"""Requests a second of 64 KB with two workers against one, both counting in Redis."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figure import Figure, Line, Report, Scale
from benchmarks.redis_server import running_redis
from benchmarks.relay.load import Seen, load
from benchmarks.relay.peers import origin, sluicegate

CONNECTIONS = 32
ANY = f"0-{(os.cpu_count() or 1) - 1}"


def measure(scale: Scale) -> Report:
    """As many rounds as ``requests``, each load for ``seconds``; the workers go where the kernel puts them."""
    with TemporaryDirectory(prefix="sluicegate-") as name, ExitStack() as held:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "64KB.ts").write_bytes(os.urandom(64 * 1024))
        upstream = held.enter_context(origin(folder))
        redis = ("--redis", held.enter_context(running_redis()).url)
        peers = [
            held.enter_context(sluicegate(folder, upstream, *redis, "--workers", str(count), name=word, on=ANY))
            for count, word in ((1, "one"), (2, "two"))
        ]
        seen: dict[str, list[Seen]] = {peer.name: [] for peer in peers}
        for number in range(scale.requests + 1):
            for peer in peers:
                one = load(peer, f"{upstream}/64KB.ts", CONNECTIONS, scale.seconds)
                if number:  # the first round is for warming up
                    seen[peer.name].append(one)
    rates = {name: median(one.rate for one in each) for name, each in seen.items()}
    costs = {name: median(one.cpu_per_request for one in each) for name, each in seen.items()}
    lines = [
        Line(f"{name}: requests/s", f"{rates[name]:,.0f}, {costs[name] * 1e6:,.0f} us of processor time each")
        for name in seen
    ]
    cores = os.cpu_count() or 1
    lines.append(Line("two to one", f"{rates['two'] / rates['one']:.2f}, with {cores} cores for all, the load too"))
    lines.append(Line("processor time of a request, two to one", f"{costs['two'] / costs['one']:.2f}"))
    return Report(lines)


FIGURE = Figure("workers", (__doc__ or "").strip(), Scale(5, 3), measure)

if __name__ == "__main__":
    FIGURE.main()
