"""A load by wrk, and what it saw."""

from __future__ import annotations

import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.relay.peers import LOAD, Peer

_UNIQUE = Path(__file__).with_name("unique.lua")
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


@dataclass(frozen=True)
class Seen:
    """Of one load: requests a second, the middle and the slowest hundredth in milliseconds, bytes, the relay's
    processor seconds, and how many requests there were."""

    rate: float
    p50: float
    p99: float
    size: float
    cpu: float
    requests: int

    @property
    def cpu_per_gb(self) -> float:
        """Processor seconds for 10^9 bytes."""
        return self.cpu / self.size * 1e9

    @property
    def cpu_per_request(self) -> float:
        """Processor seconds for a request."""
        return self.cpu / self.requests


def load(peer: Peer, url: str, connections: int, seconds: float, *, unique: bool = False) -> Seen:
    """Ask for one URL over and over, or for one that is ``unique`` each time, by a query; raise `RuntimeError` if not
    all answers are 200."""
    before = peer.cpu_seconds()
    command = ["taskset", "-c", LOAD, "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency"]
    told = subprocess.run(
        [*command, "-H", peer.field, *_asked(peer, url, unique=unique)], capture_output=True, text=True, check=True
    ).stdout
    cpu = peer.cpu_seconds() - before
    if "Non-2xx" in told:
        raise RuntimeError(f"{peer.name} refuses: {told}")
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    size = re.search(r"(\d+) requests in [0-9.]+\w+, ([0-9.]+)(\w+) read", told)
    if not (rate and size):
        raise RuntimeError(f"wrk told nothing of {peer.name}: {told}")
    bytes_read = float(size[2]) * _SIZES[size[3]]
    return Seen(float(rate[1]), _percentile(told, 50), _percentile(told, 99), bytes_read, cpu, int(size[1]))


def _asked(peer: Peer, url: str, *, unique: bool) -> list[str]:
    if not unique:
        return [peer.url(url)]
    return ["-s", str(_UNIQUE), peer.url(f"{url}?{secrets.token_hex(4)}-")]  # the script completes the query


def _percentile(told: str, percent: int) -> float:
    found = re.search(rf"{percent}%\s+([0-9.]+)(us|ms|s)", told)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
