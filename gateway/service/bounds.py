"""How much one worker takes on at once: what its file descriptors allow, so that it says no before it can no more."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Self

_OWN = 128
"""Descriptors for everything that is no connection: files, the store, listeners, signals."""

_EACH_CONNECTION = 2
"""Its socket, and the file that a stored body is sent from."""

_EACH_TRANSFER = 5
"""The four connections that libcurl keeps open for each, and the file that it fills."""

MOST_TRANSFERS = 4000
LEAST_DESCRIPTORS = 512


@dataclass(frozen=True, slots=True)
class Bounds:
    """``connections`` of clients, and ``transfers`` from origins, of one worker."""

    connections: int
    transfers: int

    @classmethod
    def within(cls, descriptors: int) -> Self:
        """What so many file descriptors allow: half for origins, or fewer where `MOST_TRANSFERS` are enough, and
        the rest for clients. Raise `ValueError` if that is too few to serve."""
        if descriptors < LEAST_DESCRIPTORS:
            raise ValueError(
                f"{descriptors} file descriptors are too few to serve; allow at least {LEAST_DESCRIPTORS},"
                " by ulimit -n, or LimitNOFILE in the unit"
            )
        left = descriptors - _OWN
        transfers = min(left // (2 * _EACH_TRANSFER), MOST_TRANSFERS)
        return cls((left - transfers * _EACH_TRANSFER) // _EACH_CONNECTION, transfers)


def raise_descriptors() -> int:
    """Allow this process and its children all the file descriptors that they may have; how many those are."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
