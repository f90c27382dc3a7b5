"""How an origin is reached: how long it is waited for, and who stands in for it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.origins.pattern import OriginPattern
from gateway.units import Seconds

CONNECT = Seconds(5)
STALL = Seconds(20)
LONGEST_CONNECT = Seconds(60)
LONGEST_STALL = Seconds(300)


@dataclass(frozen=True, slots=True)
class Reach:
    """``connect`` is for the name, the connection and TLS together; ``stall`` for each stretch in which nothing comes,
    before the head and in the body, as libcurl measures it: a mean over some seconds, noticed up to 10 s late.
    ``fallbacks`` are asked in this order, and are single origins. ``cmcd`` is whether it is told what players tell of
    their playback.
    """

    connect: Seconds = CONNECT
    stall: Seconds = STALL
    fallbacks: tuple[OriginPattern, ...] = ()
    cmcd: bool = False


USUAL = Reach()
