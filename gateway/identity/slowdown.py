"""Failed authentications are answered slower and slower, per address; good ones never are."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from cachetools import LRUCache

FREE_FAILURES = 5
WINDOW_SECONDS = 60
LONGEST_SECONDS = 1.0
_FIRST_SECONDS = 0.1
_ADDRESSES = 10_000
_IPV6_PREFIX = 64
"""Bits. One customer of a provider has at least so many addresses that begin alike (RFC 6177): they count as one."""


class Slowdown:
    """Counts failures per address within a minute, for a bounded number of addresses; ``clock`` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: LRUCache[str, tuple[float, int]] = LRUCache(_ADDRESSES)

    def failed(self, address: str) -> float:
        """Count a failure; the seconds to wait before it is answered, 0 for the first few of a minute."""
        now, address = self._clock(), _counted(address)
        began, count = self._failures.get(address, (now, 0))
        if now - began > WINDOW_SECONDS:
            began, count = now, 0
        self._failures[address] = (began, count + 1)
        if count < FREE_FAILURES:
            return 0.0
        return min(_FIRST_SECONDS * 2.0 ** min(count - FREE_FAILURES, 10), LONGEST_SECONDS)


def _counted(address: str) -> str:
    """What an address is counted under: itself, the IPv4 address that it wraps, or its IPv6 network. One that is not
    an IP address (of a unix socket) is itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), _IPV6_PREFIX), strict=False))
