"""All figures about the relay; with ``--write`` into the table of ``docs/performance.md``, and a plot beside it."""

from __future__ import annotations

from benchmarks.page import Section
from benchmarks.plot import throughput

FIGURES = {
    "throughput": (1, 1),
    "faults": (4, 1),
    "first_byte": (1, 0.3),
    "tokens": (500, 1),
    "workers": (1, 1),
    "cached_hit": (1, 1),
    "slow_clients": (50, 4),
    "cut_clients": (50, 1),
    "viewers": (50, 9),
    "soak": (130, 20),
}

if __name__ == "__main__":
    Section("relay", FIGURES, {"throughput": throughput}).main()
