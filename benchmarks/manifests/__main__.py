"""All figures about manifests; with ``--write`` into the table of ``docs/performance.md``."""

from __future__ import annotations

from benchmarks.page import Section

FIGURES = {"suites": (1, 1), "long_playlist": (2000, 1)}

if __name__ == "__main__":
    Section("manifests", FIGURES).main()
