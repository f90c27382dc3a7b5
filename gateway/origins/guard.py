"""Where the gateway may fetch from: judged by the URL before a request, and by the address before each connection."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.origins.address import Address, refusal
from gateway.origins.pattern import OriginPattern, address_of
from gateway.origins.url import MediaUrl
from gateway.problem import OriginNotAllowed


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to connect for one URL: to ``named`` if the URL is written as an address, else to public addresses only."""

    named: Address | None

    def refuses(self, address: Address) -> str | None:
        """Why this connection is not to be made, or None."""
        if self.named is not None:
            return None if address == self.named else "another address than the one named"
        return refusal(address)


class Judge(Protocol):
    """Has a word on every URL before it is fetched."""

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave, or raise the `Problem` that refuses."""


@dataclass(frozen=True)
class Guard:
    """The origins of ``tiers.yaml``, and the gateway's own listeners as (address, port), which are never origins."""

    origins: Sequence[OriginPattern]
    listeners: frozenset[tuple[str, int]] = frozenset()

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave to fetch a URL, or raise `OriginNotAllowed` with the reason."""
        if not any(pattern.matches(url) for pattern in self.origins):
            raise OriginNotAllowed(f"{url.origin} is not among the origins of this gateway.")
        named = address_of(url.host)
        if named is not None and self._is_own(named, url.port):
            raise OriginNotAllowed("That address is the gateway itself.")
        return Permit(named)

    def _is_own(self, address: Address, port: int) -> bool:
        ours = {ipaddress.ip_address(host) for host, own_port in self.listeners if own_port == port}
        everywhere = any(own.is_unspecified for own in ours)
        return address in ours or (everywhere and (address.is_loopback or address.is_unspecified))


def address_in(family: int, sockaddr: tuple[object, ...]) -> Address | None:
    """The IP address within what libcurl is about to connect to, or None for another family (a unix socket)."""
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return None
    return ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
