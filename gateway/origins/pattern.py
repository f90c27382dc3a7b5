"""Origins as ``tiers.yaml`` writes them: one, or all the subdomains of one, that media may come from, or pages."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import ClassVar, Self

from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl

_WRITTEN = r"[Hh][Tt][Tt][Pp][Ss]?://((\*\.)?[0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?/?"
"""How an origin is written, for the JSON Schema: each that has a host as the DNS has them, and a few that `parse`
refuses."""

_WILDCARD = re.compile(r"(?P<scheme>https?)://\*\.(?P<rest>[a-z0-9.-]+\.[a-z0-9.-]+(?::[0-9]+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OriginPattern:
    """``scheme://host[:port]``. With ``subdomains``, written ``https://*.example.com``, any host beneath ``host``, at
    any depth, never ``host`` itself."""

    scheme: str
    host: str
    port: int
    subdomains: bool

    pattern: ClassVar[str] = _WRITTEN
    example: ClassVar[str] = "https://media.example.com"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://media.example.com`` or ``https://*.example.com``; raise `ValueError` saying what is right."""
        wildcard = _WILDCARD.fullmatch(text)
        plain = f"{wildcard['scheme']}://{wildcard['rest']}" if wildcard else text
        url = _origin(text, plain)
        if url.host == "localhost" or url.host.endswith(".localhost"):
            raise ValueError(f"{text!r}: a private origin is named by its address; write 127.0.0.1, not localhost")
        if wildcard and address_of(url.host):
            raise ValueError(f"{text!r}: a wildcard cannot stand before an address; name the address itself")
        return cls(url.scheme, url.host, url.port, wildcard is not None)

    def matches(self, url: MediaUrl) -> bool:
        """Whether the URL lies at this origin: scheme, host and port all agree."""
        if (url.scheme, url.port) != (self.scheme, self.port):
            return False
        return url.host.endswith("." + self.host) if self.subdomains else url.host == self.host

    def __str__(self) -> str:
        usual = self.port == {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{'*.' if self.subdomains else ''}{self.host}{'' if usual else f':{self.port}'}"


@dataclass(frozen=True, slots=True)
class WebOrigin:
    """The origin of web pages (RFC 6454), or all the subdomains of one; a page may well be served by localhost."""

    origin: OriginPattern

    pattern: ClassVar[str] = _WRITTEN
    example: ClassVar[str] = "https://www.example.com"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://www.example.com`` or ``https://*.example.com``; raise `ValueError` saying what is right."""
        wildcard = _WILDCARD.fullmatch(text)
        url = _origin(text, f"{wildcard['scheme']}://{wildcard['rest']}" if wildcard else text)
        return cls(OriginPattern(url.scheme, url.host, url.port, wildcard is not None))

    def matches(self, page: str) -> bool:
        """Whether a page's origin, as a browser names it, is meant; ``null`` never is."""
        try:
            return self.origin.matches(MediaUrl.parse(page))
        except InvalidUrl:
            return False

    def __str__(self) -> str:
        return str(self.origin)


def _origin(text: str, plain: str) -> MediaUrl:
    """What is written as ``text``, without its wildcard."""
    if "*" in plain:
        raise ValueError(f"{text!r}: a wildcard stands for whole subdomains only, as in https://*.example.com")
    try:
        url = MediaUrl.parse(plain)
    except InvalidUrl as error:
        raise ValueError(f"{text!r} is not an origin; write https://media.example.com ({error.detail})") from error
    if url.path != "/" or url.query or "#" in plain or plain.endswith("?"):
        raise ValueError(f"{text!r} has more than an origin; write {url.origin}")
    return url


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
