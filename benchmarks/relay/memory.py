"""What a process holds of memory while something happens: before, at most, and after."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.figure import Line


class Memory:
    """Resident memory of a process, from now on; it must be ours."""

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        (self._process / "clear_refs").write_text("5")  # proc(5): forget the peak until now
        self.before = self._mib("VmRSS")

    def line(self, most: float) -> Line:
        """A row; promised is that it never was so many MiB more."""
        peak, after = self._mib("VmHWM"), self._mib("VmRSS")
        told = f"{self.before:.0f} MiB, at most {peak:.0f}, then {after:.0f}"
        return Line("  the gateway's memory", told, f"at most {most:.0f} MiB more", kept=peak - self.before <= most)

    def _mib(self, what: str) -> float:
        status = (self._process / "status").read_text()
        return int(re.findall(rf"{what}:\s+(\d+)", status)[0]) / 1024
