"""A clock that tests set, for what this process counts and for the server inside it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import fakeredis._helpers as helpers
import fakeredis._socket._base as socket
import fakeredis.commands_mixins.server_mixin as server
import pytest

MICROSECONDS = 1_000_000


class Clock:
    """Seconds that only go on when a test says so; ``now`` are microseconds since 1970."""

    def __init__(self, at: str = "2027-01-15T08:00:00") -> None:
        self.now = 0
        self.set(at)
        self._started = self.now

    def __call__(self) -> float:
        """As `time.monotonic` tells it."""
        return (self.now - self._started) / MICROSECONDS

    def set(self, at: str) -> None:
        """Go to a time of the calendar, in UTC."""
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        self.now = int(moment.timestamp()) * MICROSECONDS + moment.microsecond

    def advance(self, seconds: float) -> None:
        """Go on, or be set back."""
        self.now += round(seconds * MICROSECONDS)


def freeze(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Let fakeredis read this clock: for TIME, and for what expires."""

    class Time:
        @staticmethod
        def time() -> float:
            return clock.now / MICROSECONDS

        def __getattr__(self, name: str) -> Any:
            return getattr(time, name)

    for module in (server, socket, helpers):
        patch.setattr(module, "time", Time())
