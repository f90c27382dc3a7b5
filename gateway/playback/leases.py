"""For how long a manifest's references hold: a live one's from now on, a film's to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.identity import HOUR, LONGEST_VOD, POST, VOD, Grant, Marks
from gateway.manifests import Length

_RENEWALS = 8
"""How often in its lifetime a grant is replaced by a newer one: until then all who ask get the same text."""

_KEPT = 1 - 1 / _RENEWALS
"""Of its lifetime, what a lease that starts now holds at least."""

PAUSED = 1.0
"""Of its length, for how long a film may be paused in all."""


@dataclass(frozen=True, slots=True)
class Lease:
    """When the grants of one manifest begin, in seconds since the epoch, and how many seconds they hold; ``vod`` if
    that is to the end of a film, however long others hold; ``post`` if they open licence servers."""

    issued_at: int
    lifetime: int
    vod: bool = False
    post: bool = False

    @classmethod
    def starting(cls, now: float, lifetime: int) -> Lease:
        """A lease for a new viewing: it holds for at least seven eighths of ``lifetime`` from now."""
        return cls(_step(now, lifetime), lifetime)

    @classmethod
    def to_the_end(cls, now: float, seconds: float) -> Lease:
        """A lease that holds for these seconds from now, or nearly `LONGEST_VOD`: in whole hours, so that renditions
        whose lengths differ by a frame share one."""
        lifetime = min(math.ceil(min(seconds, LONGEST_VOD) / _KEPT / HOUR) * HOUR, LONGEST_VOD)
        return cls(_step(now, lifetime), lifetime, vod=True)

    @classmethod
    def of(cls, grant: Grant) -> Lease:
        """A grant's own."""
        return cls(grant.issued_at, grant.expires_at - grant.issued_at, VOD[0] in grant.marks)

    @property
    def ends(self) -> int:
        """Seconds since the epoch."""
        return self.issued_at + self.lifetime

    @property
    def marks(self) -> Marks:
        """What grants with this lease say beside their times."""
        return (POST if self.post else ()) + (VOD if self.vod else ())


def _step(now: float, lifetime: int) -> int:
    step = max(lifetime // _RENEWALS, 1)
    return int(now) // step * step


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a manifest is served ``now``: ``lifetime`` is ``playback.lifetime`` in seconds, ``granted`` the
    lease of the grant by which it was asked for, or None if it was not: one that has expired stands beside a token."""

    now: float
    lifetime: int
    granted: Lease | None

    def lease(self, length: Length) -> Lease:
        """The lease of what a manifest names that plays for so long.

        A film's holds to its end; else it is the grant's own until the next one has begun, by which a live viewing goes
        on for as long as its manifest tells where to read it again. One that does not, and is read in place, keeps the
        grant's own, by which alone it can be read again; also when it has ended, for who has read it before.
        """
        own, fresh = self.granted, Lease.starting(self.now, self.lifetime)
        if own and length.read_in_place and (length.is_live or self._is_viewing(own)):
            return own
        if own and own.ends <= self.now:
            own = None
        if length.seconds is None or length.is_live:
            return own if own and own.ends >= fresh.ends else fresh
        needed = min(length.seconds * (1 + PAUSED), LONGEST_VOD * _KEPT)
        long_enough = (lease for lease in (own, fresh) if lease and lease.ends >= self.now + needed)
        return next(long_enough, None) or Lease.to_the_end(self.now, needed)

    def _is_viewing(self, own: Lease) -> bool:
        """Whether a grant has been in use for a while: at the beginning of a viewing it is of this step."""
        return self.now - own.issued_at >= 2 * max(self.lifetime // _RENEWALS, 1)
