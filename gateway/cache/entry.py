"""What is kept of an answer beside its body: enough to give it out again, and to know for how long."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from gateway.cache.directives import Directives
from gateway.cache.freshness import Times, age, lifetime, refreshed
from gateway.origins.head import Head

_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """A stored answer. ``body`` is the name of the file that holds it, of ``size`` bytes; ``most`` bounds how many
    seconds old it may be given out, whatever its origin allows, or is None."""

    head: Head
    times: Times
    most: float | None
    body: str
    size: int

    def freshness(self, now: float) -> float:
        """Seconds for which it may still be given out without asking its origin; 0 or less if not at all. ``now`` is in
        seconds of the epoch; if that is before the answer came, the clock was set back, and the age is not known."""
        return self._lifetime - self.age(now) if now >= self.times.answered else -math.inf

    def age(self, now: float) -> float:
        """Its age in seconds (RFC 9111, section 4.2.3)."""
        return self._first_age + max(0.0, now - self.times.answered)

    @cached_property
    def _lifetime(self) -> float:
        return lifetime(self.head, self.times, self.most)

    @cached_property
    def _first_age(self) -> float:
        return age(self.head, self.times, self.times.answered)

    def serves_in_need(self, now: float) -> bool:
        """Whether it may be given out though it is stale, while its origin fails (RFC 5861, section 4)."""
        told = Directives.of(self.head)
        if told.no_cache or told.must_revalidate or told.stale_if_error is None:
            return False
        return self.freshness(now) + told.stale_if_error > 0

    def confirmed(self, answer: Head, times: Times) -> Self:
        """This, after its origin has said 304: as fresh as that answer (RFC 9111, section 4.3.4)."""
        return replace(self, head=refreshed(self.head, answer), times=times)

    def written(self) -> bytes:
        """As a file holds it. The URL is not in it: it may hold a signature."""
        told = {
            "format": _FORMAT,
            "status": self.head.status,
            "fields": self.head.fields,
            "asked": self.times.asked,
            "answered": self.times.answered,
            "most": self.most,
            "body": self.body,
            "size": self.size,
        }
        return json.dumps(told).encode()

    @classmethod
    def read(cls, content: bytes) -> Self | None:
        """Read what `written` gave; None for anything else, such as another version's."""
        try:
            told = json.loads(content)
            if told["format"] != _FORMAT:
                return None
            fields = tuple((str(name), str(value)) for name, value in told["fields"])
            times = Times(float(told["asked"]), float(told["answered"]))
            most = None if told["most"] is None else float(told["most"])
            return cls(Head(int(told["status"]), fields), times, most, str(told["body"]), int(told["size"]))
        except (ValueError, TypeError, KeyError):
            return None
