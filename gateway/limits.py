"""What limits are counted in: the store that outlives a request and is shared by workers, as policies see it.

Everything is counted under a counter (the key's own, or one that an old and a new key share while a rotation lasts) and
under a policy's name, never under a limit: a changed limit holds at once, and nobody's window begins anew.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from gateway.units import Bitrate, Rate, Volume


class OnStoreError(enum.Enum):
    """What a tier's limits do while the store does not answer: count inside each worker, by its share of the limit;
    refuse with 503; or admit everything."""

    LOCAL = "local"
    DENY = "deny"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted together: all that counts toward ``counter_id`` under one policy."""

    counter_id: str
    policy: str
    on_error: OnStoreError


# -- requests in sliding windows ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How one window stands. ``retry_after`` is the seconds until the request that was asked about fits, 0 if it does;
    ``reset`` the seconds until the oldest request in the window leaves it."""

    remaining: int
    reset: float
    retry_after: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What the store says of one request: admitted by all windows, or by none. ``windows`` are in the order asked."""

    admitted: bool
    windows: tuple[Standing, ...]

    @property
    def retry_after(self) -> float:
        """Seconds until the request fits into all windows, if nothing else is admitted before."""
        return max(window.retry_after for window in self.windows)


@dataclass(frozen=True, slots=True)
class Quota:
    """How one policy's window stands: at most ``limit`` in any ``window`` seconds; ``remaining`` are left now, and
    no more than those can be used in the next ``reset`` seconds (draft-ietf-httpapi-ratelimit-headers-11)."""

    policy: str
    limit: int
    window: int
    remaining: int
    reset: int


class RequestLogs(Protocol):
    """Sliding logs: at most ``limit`` requests in any ``window`` seconds, exactly."""

    async def take(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """Count one request, which weighs ``cost``, in all windows or, if one of them is full, in none. Raise
        `OutOfCapacity` if the store does not answer and the counter's ``on_error`` is to deny."""

    async def peek(self, counter: Counter, rates: tuple[Rate, ...], cost: int) -> Decision:
        """What `take` would answer now, counting nothing. Raise `OutOfCapacity` if the store does not answer."""


# -- seats -------------------------------------------------------------------------------------------------------------


class WhenFull(enum.Enum):
    """What happens to one more who comes when all seats are taken."""

    REJECT = "reject"
    STOP_OLDEST = "stop_oldest"


@dataclass(frozen=True, slots=True)
class Seats:
    """``limit`` seats, each a lease of ``lease`` seconds that is given up unless it is taken again before. One who was
    stopped to make room stays so for ``ban`` seconds."""

    counter: Counter
    limit: int
    lease: int
    when_full: WhenFull = WhenFull.REJECT
    ban: int = 0


@dataclass(frozen=True, slots=True)
class Seating:
    """Whether one has a seat, and ``is_new`` if it was free before; ``stopped`` if another has stopped it; how many
    seats are taken; and ``retry_after``, the seconds until a seat may be free, 0 for one who has a seat."""

    seated: bool
    is_new: bool
    stopped: bool
    taken: int
    retry_after: float


class SeatLeases(Protocol):
    """Places that are given up by themselves: a worker that is killed frees its own."""

    async def sit(self, seats: Seats, member: str) -> Seating:
        """Take a seat or hold it for another ``lease`` seconds. Raise `OutOfCapacity` as `RequestLogs.take` does."""

    async def leave(self, seats: Seats, member: str) -> None:
        """Free a seat now, if none has held it since it was taken: one of several requests of a session does not take
        the others' seat away. Does nothing while the store does not answer: the lease ends by itself."""

    async def peek(self, seats: Seats, member: str) -> Seating:
        """What `sit` would answer now, taking nothing. Raise `OutOfCapacity` if the store does not answer."""


# -- bytes of the calendar ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spending:
    """``granted`` bytes may be sent; ``used`` bytes of each volume are spent then, and so many seconds are left of its
    day or month (``resets``), both in the order asked."""

    granted: int
    used: tuple[int, ...]
    resets: tuple[float, ...]


class ByteVolumes(Protocol):
    """Bytes in each day or month of the calendar, in UTC, by the store's own clock."""

    async def reserve(self, counter: Counter, volumes: tuple[Volume, ...], wanted: int, least: int) -> Spending:
        """Spend ``wanted`` bytes if all volumes have room for them, else ``least`` if they have room for those, else
        none. Raise `OutOfCapacity` as `RequestLogs.take` does."""

    async def spend(self, counter: Counter, volumes: tuple[Volume, ...], size: int) -> Spending:
        """Spend bytes whether there is room or not; fewer than 0 give back what was reserved and not sent. Never
        raises: while the store does not answer, it is remembered."""

    async def peek(self, counter: Counter, volumes: tuple[Volume, ...]) -> Spending:
        """How the volumes stand. Raise `OutOfCapacity` if the store does not answer."""


# -- pace --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lane:
    """What shares one bit rate: all of a counter if ``name`` is empty, or one of its sessions."""

    name: str
    rate: Bitrate


class Pacing(Protocol):
    """A steady pace, shared by all who send in a lane, on whatever worker."""

    async def wait(self, counter: Counter, lanes: tuple[Lane, ...], size: int) -> float:
        """Take the next ``size`` bytes of all lanes, and give the seconds to wait before they are sent; fewer than 0
        give back what was taken and is not sent. Never raises: while the store does not answer, each worker paces by
        its share."""


# -- beginnings --------------------------------------------------------------------------------------------------------


class Beginnings(Protocol):
    """When something was first seen."""

    async def age(self, counter: Counter, member: str, keep: int) -> float:
        """Seconds since ``member`` was first asked about, 0 for the first time, remembered for ``keep`` seconds from
        then. Raise `OutOfCapacity` as `RequestLogs.take` does."""

    async def peek(self, counter: Counter, member: str) -> float:
        """What `age` would answer, remembering nothing. Raise `OutOfCapacity` if the store does not answer."""


class Store(Protocol):
    """What outlives a request and is shared by workers."""

    @property
    def requests(self) -> RequestLogs:
        """Requests in sliding windows."""

    @property
    def seats(self) -> SeatLeases:
        """Seats under a limit."""

    @property
    def volumes(self) -> ByteVolumes:
        """Bytes of the calendar."""

    @property
    def pacing(self) -> Pacing:
        """Bit rates."""

    @property
    def beginnings(self) -> Beginnings:
        """When sessions began."""
