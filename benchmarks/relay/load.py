"""A load by wrk, and what it saw."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from benchmarks.relay.peers import LOAD, Peer

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


@dataclass(frozen=True)
class Seen:
    """Of one load: requests a second, the middle and the slowest hundredth in milliseconds, bytes, and the relay's
    processor seconds."""

    rate: float
    p50: float
    p99: float
    size: float
    cpu: float

    @property
    def cpu_per_gb(self) -> float:
        """Processor seconds for 10^9 bytes."""
        return self.cpu / self.size * 1e9


def load(peer: Peer, url: str, connections: int, seconds: float) -> Seen:
    """Ask for one URL over and over; raise `RuntimeError` if not all answers are 200."""
    before = peer.cpu_seconds()
    command = ["taskset", "-c", LOAD, "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency"]
    told = subprocess.run(
        [*command, "-H", peer.field, peer.url(url)], capture_output=True, text=True, check=True
    ).stdout
    cpu = peer.cpu_seconds() - before
    if "Non-2xx" in told:
        raise RuntimeError(f"{peer.name} refuses: {told}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    size = re.search(r"requests in [0-9.]+\w+, ([0-9.]+)(\w+) read", told)
    if not (rate and size):
        raise RuntimeError(f"wrk told nothing of {peer.name}: {told}")
    return Seen(float(rate[1]), _percentile(told, 50), _percentile(told, 99), float(size[1]) * _SIZES[size[2]], cpu)


def _percentile(told: str, percent: int) -> float:
    found = re.search(rf"{percent}%\s+([0-9.]+)(us|ms|s)", told)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
