"""All figures about the relay; with ``--write`` into the table of ``docs/performance.md``."""

from __future__ import annotations

from benchmarks.page import Section

if __name__ == "__main__":
    Section("relay", {"throughput": (1, 1), "faults": (4, 1)}).main()
