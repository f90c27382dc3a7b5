"""One viewing of the matrix: twenty seconds of media, a seek back, and a little more."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

WANTED = 20.0
"""Seconds of media that a player must play before it seeks."""

AFTER = 2.0
"""Seconds that it must play where it has sought to."""

PATIENCE = 60.0
"""Seconds of real time after which a player is taken not to play."""

PATIENCE_FOR_A_SEEK = 12.0
"""Seconds of real time after which it is taken not to seek."""

_JUMP = 5.0
"""Seconds between two looks that are still played and not jumped over."""


@dataclass(frozen=True)
class Outcome:
    """Whether a player played, what was seen of it, and whether it sought as it was told."""

    played: bool
    seen: str
    sought: bool = True


class Remote(Protocol):
    """A player that is told what to do from outside."""

    def time(self) -> float | None:
        """Where it is in the media, in seconds; None while it cannot tell."""

    def seek(self, to: float) -> None:
        """Go to a time."""

    def failure(self) -> str:
        """Why it has stopped playing for good; empty if it has not."""


class Viewing:
    """Watches a player until it has played, sought ``back`` seconds, and played on; or has not."""

    def __init__(self, remote: Remote, back: float) -> None:
        self._remote = remote
        self._back = back
        self._deadline = time.monotonic() + PATIENCE
        self._played = 0.0
        self._last: float | None = None
        self._goal: float | None = None
        self.outcome: Outcome | None = None

    def look(self) -> None:
        """Note where the player is, and have it seek when it is time to."""
        if self.outcome:
            return
        now = self._remote.time()
        if now is not None:
            self._note(now)
        if self.outcome is None and (failure := self._remote.failure()):
            self.outcome = Outcome(False, f"{failure}, after {self._played:.1f} s of media{self._where()}")
        if self.outcome is None and time.monotonic() > self._deadline:
            self.outcome = Outcome(
                self._goal is not None, f"came to {self._last} s in time{self._where()}", sought=False
            )

    def _where(self) -> str:
        return "" if self._goal is None else f", when it had been told to seek to {self._goal:.0f} s"

    def _note(self, now: float) -> None:
        step = now - self._last if self._last is not None else 0.0
        self._last = now
        if self._goal is not None and abs(now - self._goal) > self._back - 1 and self._played == 0:
            return  # the seek is not done
        if 0 < step < _JUMP:
            self._played += step
        if self._goal is None and self._played >= WANTED:
            self._goal, self._played, self._last = now - self._back, 0.0, None
            self._deadline = time.monotonic() + PATIENCE_FOR_A_SEEK
            self._remote.seek(self._goal)
        elif self._goal is not None and self._played >= AFTER:
            self.outcome = Outcome(True, f"{WANTED:.0f} s, sought to {self._goal:.1f} s, played on to {now:.1f} s")


def watch(viewings: Sequence[Viewing]) -> list[Outcome]:
    """Look at several until each has come to something."""
    while any(viewing.outcome is None for viewing in viewings):
        for viewing in viewings:
            viewing.look()
        time.sleep(0.1)
    return [viewing.outcome for viewing in viewings if viewing.outcome]
