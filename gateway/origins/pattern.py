"""One line of ``origins`` in ``tiers.yaml``: an origin, or all the subdomains of one, that media may come from."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self

from gateway.origins.url import MediaUrl
from gateway.problem import InvalidUrl

_WILDCARD = re.compile(r"(?P<scheme>https?)://\*\.(?P<rest>[a-z0-9.-]+\.[a-z0-9.-]+(?::[0-9]+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OriginPattern:
    """``scheme://host[:port]``. With ``subdomains``, any host beneath ``host``, at any depth, never ``host`` itself."""

    scheme: str
    host: str
    port: int
    subdomains: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://media.example.com`` or ``https://*.example.com``; raise `ValueError` saying what is right."""
        wildcard = _WILDCARD.fullmatch(text)
        plain = f"{wildcard['scheme']}://{wildcard['rest']}" if wildcard else text
        if "*" in plain:
            raise ValueError(f"{text!r}: a wildcard stands for whole subdomains only, as in https://*.example.com")
        try:
            url = MediaUrl.parse(plain)
        except InvalidUrl as error:
            raise ValueError(f"{text!r} is not an origin; write https://media.example.com ({error.detail})") from error
        if url.path != "/" or url.query or "#" in plain or plain.endswith("?"):
            raise ValueError(f"{text!r} has more than an origin; write {url.origin}")
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


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
