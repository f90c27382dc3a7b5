"""The limiter with a record of what it decides, that it cannot know of.

The script is the gateway's own, and one function round its verb ``requests`` which, in the same call, appends to a
list of its own the time by Redis' clock and whether the request was admitted. Nothing that the verb reads or writes is
touched, and what is recorded is not its own log: an entry that it kept too short, or twice, would show.

Refusals from a worker's memory never reach Redis. They are recorded in the worker, between two readings of the clock
that Redis reads too (both run on one machine).
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from gateway.limits import Decision
from gateway.store import servers
from gateway.store.denials import Asked, Denials

LOG = "benchmark:"
"""What the name of each record begins with; the rest is the name of the list that the verb uses."""

_RECORD = f"""
local deciding = verbs.requests
verbs.requests = function(k, ...)
  local at = #told + 1
  deciding(k, ...)
  redis.call('RPUSH', '{LOG}' .. KEYS[k], whole(started) .. ' ' .. told[at])
end
"""


def record_decisions() -> None:
    """From now on, every script call of this process records."""
    end = (Path(servers.__file__).parent / "scripts" / "end.lua").read_text()
    script = servers.SCRIPT.removesuffix(end) + _RECORD + end
    sha1 = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    vars(servers).update(SCRIPT=script, _SHA1=sha1)


class WatchedDenials(Denials):
    """Remembers as it should, and records when it refused, as (not before, not after) in seconds since the epoch."""

    def __init__(self) -> None:
        super().__init__(time.monotonic)
        self.refused: dict[str, list[tuple[float, float]]] = {}

    def get(self, asked: Asked) -> Decision | None:
        """The denial that still holds."""
        before = time.time()
        denial = super().get(asked)
        if denial is not None:
            self.refused.setdefault(asked[0].counter_id, []).append((before, time.time()))
        return denial


class NoDenials(Denials):
    """Remembers nothing: every request asks Redis."""

    def __init__(self) -> None:
        super().__init__(time.monotonic)

    def remember(self, asked: Asked, denial: Decision, at: float) -> None:
        """Do not."""
