"""Where the gateway may fetch from: judged by the URL before a request, and by the address before each connection."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.origins.address import Address, refusal
from gateway.origins.pattern import OriginPattern, address_of
from gateway.origins.reach import USUAL, Reach
from gateway.origins.url import MediaUrl
from gateway.problem import OriginNotAllowed, OwnAddress

_MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to connect for one URL: to ``named`` if the URL is written as an address, else to public addresses only.

    ``entry`` is the origin as ``tiers.yaml`` writes it; ``reach`` what else it says of it; ``fallbacks`` may be asked
    for the same path and query, in this order, where the origin fails.
    """

    named: Address | None
    entry: str = ""
    reach: Reach = USUAL
    fallbacks: tuple[Fallback, ...] = ()

    def refuses(self, address: Address) -> str | None:
        """Why this connection is not to be made, or None."""
        if self.named is not None:
            return None if address == self.named else "another address than the one named"
        return refusal(address)


@dataclass(frozen=True, slots=True)
class Fallback:
    """An origin that stands in for another, with leave of its own to connect to it."""

    origin: OriginPattern
    permit: Permit

    def at(self, url: MediaUrl) -> MediaUrl:
        """The same path and query there."""
        return MediaUrl.parse(f"{self.origin}{url.path}{url.query}")


class Judge(Protocol):
    """Has a word on every URL before it is fetched."""

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave, or raise the `Problem` that refuses."""


@dataclass(frozen=True)
class Guard:
    """The origins of ``tiers.yaml``, and the gateway's own listeners as (address, port), which are never origins.

    ``reaches`` says of an origin how it is reached, where that is not as usual. Where several origins match a URL, the
    one that says most of it holds: a host before a wildcard, a longer wildcard before a shorter one.
    """

    origins: Sequence[OriginPattern]
    listeners: frozenset[tuple[str, int]] = frozenset()
    reaches: Mapping[OriginPattern, Reach] = field(default_factory=dict)
    _permits: Mapping[OriginPattern, Permit] = field(init=False, repr=False, compare=False)
    _given: dict[tuple[str, str, int], Permit] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Leave that was given before: it depends on scheme, host and port alone."""

    def __post_init__(self) -> None:
        nearest_first = sorted(self.origins, key=lambda origin: (origin.subdomains, -len(origin.host)))
        object.__setattr__(self, "_permits", {origin: self._permit(origin) for origin in nearest_first})

    def judge(self, url: MediaUrl) -> Permit:
        """Give leave to fetch a URL, or raise `OriginNotAllowed` with the reason."""
        place = (url.scheme, url.host, url.port)
        permit = self._given.get(place)
        if permit is None:
            permit = self._judge(url)
            if len(self._given) >= _MOST_REMEMBERED:
                self._given.clear()
            self._given[place] = permit
        return permit

    def _judge(self, url: MediaUrl) -> Permit:
        permit = next((permit for origin, permit in self._permits.items() if origin.matches(url)), None)
        if permit is None:
            raise OriginNotAllowed(f"{url.origin} is not among the origins of this gateway.")
        if permit.named is not None and self._is_own(permit.named, url.port):
            raise OwnAddress("That address is the gateway itself.")
        return permit

    @property
    def own_fallbacks(self) -> Sequence[tuple[OriginPattern, OriginPattern]]:
        """The fallbacks that are the gateway itself, which are never asked; each after the origin that names it."""
        named = ((origin, fallback) for origin in self.origins for fallback in self._reach(origin).fallbacks)
        return [(origin, fallback) for origin, fallback in named if self._is_listener(fallback)]

    def _permit(self, origin: OriginPattern) -> Permit:
        reach = self._reach(origin)
        fallbacks = tuple(
            Fallback(
                fallback, Permit(address_of(fallback.host), str(fallback), self._reach_as_fallback(fallback, reach))
            )
            for fallback in reach.fallbacks
            if not self._is_listener(fallback)
        )
        return Permit(address_of(origin.host), str(origin), reach, fallbacks)

    def _reach_as_fallback(self, fallback: OriginPattern, reach: Reach) -> Reach:
        """As the origin that it stands in for; what players tell it is told as its own entry says, if it has one."""
        own = self._reach(fallback) if fallback in self.origins else reach
        return replace(reach, fallbacks=(), cmcd=own.cmcd)

    def _reach(self, origin: OriginPattern) -> Reach:
        return self.reaches.get(origin, USUAL)

    def _is_listener(self, origin: OriginPattern) -> bool:
        address = address_of(origin.host)
        return address is not None and self._is_own(address, origin.port)

    def _is_own(self, address: Address, port: int) -> bool:
        ours = {ipaddress.ip_address(host) for host, own_port in self.listeners if own_port == port}
        everywhere = any(own.is_unspecified for own in ours)
        return address in ours or (everywhere and (address.is_loopback or address.is_unspecified))


def address_in(family: int, sockaddr: tuple[object, ...]) -> Address | None:
    """The IP address within what libcurl is about to connect to, or None for another family (a unix socket)."""
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return None
    return ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
