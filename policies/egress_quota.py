"""Limit how many bytes of media one key may be sent in a day or a month of the calendar, in UTC.

egress_quota: 500GB/month
egress_quota: {volumes: [20GB/day, 500GB/month], when_reached: finish}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from gateway.policy import Call, Json, Meter, OutOfCapacity, Purpose, QuotaExceeded, Spending, Volume

NAME = "egress_quota"
SLICE = 1024 * 1024
"""Bytes that a stream reserves, or reports, at once."""


class EgressQuotaExceeded(QuotaExceeded):
    """The bytes of a day or a month are used up."""

    error = "Egress quota exceeded"


@dataclass(frozen=True)
class EgressQuota:
    """At most so many bytes of body. When they are used up, all that run are ``cut`` there, with not a byte past the
    limit; or they ``finish``, and only new requests are refused."""

    volumes: tuple[Volume, ...]
    when_reached: Literal["cut", "finish"] = "cut"

    def __post_init__(self) -> None:
        if len({volume.period for volume in self.volumes}) < len(self.volumes):
            raise ValueError("two volumes are for the same period; keep the lower one")

    async def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Count what is sent; raise `EgressQuotaExceeded` when there is nothing left."""
        if call.purpose is not Purpose.MEDIA:
            yield None
            return
        meter = _Cutting(call, self.volumes) if self.when_reached == "cut" else _Finishing(call, self.volumes)
        try:
            await meter.begin()
            yield meter
        finally:
            # A client that has left has cancelled this task; what it was not sent is given back all the same.
            await asyncio.shield(meter.settle())

    def describe(self) -> Json:
        """Bytes a day or a month, and what happens then."""
        volumes: dict[str, Json] = {volume.period.value: volume.size for volume in self.volumes}
        return volumes | {"when_reached": self.when_reached}

    async def report(self, call: Call) -> Json:
        """The same, with bytes used and seconds until they count anew."""
        seen = await call.store.volumes.peek(call.counter(NAME), self.volumes)
        told: dict[str, Json] = {"when_reached": self.when_reached}
        for volume, used, reset in zip(self.volumes, seen.used, seen.resets, strict=True):
            told[volume.period.value] = {"limit": volume.size, "used": used, "reset": int(reset) + 1}
        return told

    def allows(self) -> dict[str, float]:
        """Bytes a day or a month."""
        return {f"bytes a {volume.period.value}": volume.size for volume in self.volumes}


def _exceeded(call: Call, volumes: tuple[Volume, ...], spending: Spending, least: int) -> EgressQuotaExceeded:
    """What is told when ``least`` more bytes do not fit: the volume that will have room last."""
    standing = zip(volumes, spending.used, spending.resets, strict=True)
    full = [(resets, volume) for volume, used, resets in standing if used + least > volume.size]
    resets, volume = max(full, key=lambda each: each[0], default=(1.0, volumes[0]))
    detail = f"The key has used its {volume}; the next {volume.period.value} begins in UTC."
    return EgressQuotaExceeded(call.identity.tier, NAME, resets, detail, limit=volume.size, period=volume.period.value)


class _Account:
    """What one response has reserved and not sent; below zero, what it has sent and not reported."""

    def __init__(self, call: Call, volumes: tuple[Volume, ...]) -> None:
        self._call = call
        self._volumes = volumes
        self._reserved = 0
        self._asking: asyncio.Future[Spending] | None = None

    async def _reserve(self, wanted: int, least: int) -> None:
        """Reserve bytes; raise `EgressQuotaExceeded` if not even the least are left."""
        volumes = self._call.store.volumes
        # A request that is cancelled here does not hear the answer: `settle` waits for it, to give it back.
        self._asking = asyncio.ensure_future(volumes.reserve(self._call.counter(NAME), self._volumes, wanted, least))
        spending = await asyncio.shield(self._asking)
        self._asking = None
        if not spending.granted:
            raise _exceeded(self._call, self._volumes, spending, least)
        self._reserved += spending.granted

    async def settle(self) -> None:
        """Give back what was not sent, or report what was."""
        if self._asking is not None:
            with suppress(OutOfCapacity):
                self._reserved += (await self._asking).granted
            self._asking = None
        left, self._reserved = self._reserved, 0
        if left:
            await self._call.store.volumes.spend(self._call.counter(NAME), self._volumes, -left)


class _Cutting(_Account):
    """Reserves before it lets pass, so that nothing is sent past the limit."""

    largest = 64 * 1024
    """Bytes: what is left of a volume is sent up to so much."""

    async def begin(self) -> None:
        """Refuse if there is not one byte left."""
        await self._reserve(SLICE, 1)

    async def __call__(self, size: int, /) -> None:
        """Return if ``size`` more bytes may be sent."""
        if size > self._reserved:
            missing = size - self._reserved
            await self._reserve(max(SLICE, missing), missing)
        self._reserved -= size


class _Finishing(_Account):
    """Counts what has been sent; refuses only at the beginning."""

    async def begin(self) -> None:
        """Refuse if there is not one byte left."""
        await self._reserve(1, 1)

    async def __call__(self, size: int, /) -> None:
        """Count."""
        self._reserved -= size
        if self._reserved <= -SLICE:
            await self.settle()
