"""All figures about limits, one after another; with ``--write`` into the table of ``docs/performance.md``."""

from __future__ import annotations

from benchmarks.page import Section

FIGURES = {
    "exactness": (20_000, 20),
    "decisions": (10_000, 2),
    "outage": (8400, 14),
    "seats": (3, 15),
    "bandwidth": (20, 5),
    "egress": (20, 10),
    "reload": (100, 6),
}

if __name__ == "__main__":
    Section("limits", FIGURES).main()
