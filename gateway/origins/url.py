"""An absolute http(s) URL, written in its one canonical form.

One WHATWG parser (ada) reads it, for judging and for what libcurl is given, so that the two can never disagree about
where a request goes. A host that is not written as the parser would write it (a decimal or octal address, a unicode
host, a trailing dot) is refused instead of silently normalised: nobody writes those by accident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import ada_url

from gateway.problem import InvalidUrl

LONGEST = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ABSOLUTE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"//(?P<host>\[[^\]]*\]|[^:/?#@\[\]]+)(?::(?P<port>[0-9]+))?(?=[/?#]|\Z)")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class MediaUrl:
    """``href`` as sent to the origin, without a fragment; ``origin`` as ``scheme://host[:port]``, without a default
    port; ``path`` begins with a slash; ``query`` is empty or begins with a question mark."""

    href: str
    scheme: str
    host: str
    port: int
    path: str
    query: str

    @classmethod
    @lru_cache(4096)  # many watch the same
    def parse(cls, text: str) -> Self:
        """Read an absolute http(s) URL; raise `InvalidUrl` with what would be right."""
        scheme = _scheme(text)
        host = _canonical_host(text)
        try:
            url = ada_url.URL(text)
        except ValueError as error:
            raise InvalidUrl("The url does not parse; write an absolute http or https URL.") from error
        if url.hostname != host:
            raise InvalidUrl(f"The host of the url must be written in its canonical form: {url.hostname}")
        port = int(url.port) if url.port else _DEFAULT_PORTS[scheme]
        url.hash = ""
        return cls(url.href, scheme, host, port, url.pathname, url.search)

    @property
    def authority(self) -> str:
        """``host[:port]``, without a default port."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``, without a default port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def directory(self) -> str:
        """The path up to and including its last slash."""
        return self.path[: self.path.rindex("/") + 1]

    def join(self, reference: str) -> MediaUrl:
        """Resolve a reference against this URL; raise `InvalidUrl` as `parse` does."""
        try:
            joined = ada_url.join_url(self.href, reference)
        except ValueError as error:
            raise InvalidUrl("The reference does not parse against its base.") from error
        return MediaUrl.parse(joined)


def _scheme(text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidUrl(f"The url is longer than {LONGEST} characters.")
    if _FORBIDDEN.search(text):
        raise InvalidUrl("The url holds a control character or a backslash; percent-encode it.")
    absolute = _ABSOLUTE.fullmatch(text)
    if not absolute:
        raise InvalidUrl("The url must be absolute, such as https://media.example.com/master.m3u8")
    scheme = absolute["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise InvalidUrl(f"The scheme {scheme[:20]} is not served; use http or https.")
    return scheme


def _canonical_host(text: str) -> str:
    authority = _AUTHORITY.match(text, text.index(":") + 1)
    if not authority:
        raise InvalidUrl("The url must name a host, with no user name or password: https://media.example.com/path")
    host, port = authority["host"].lower(), authority["port"]
    if host.endswith("."):
        raise InvalidUrl("The host of the url ends in a dot; write it without.")
    if port and (port.startswith("0") or len(port) > 5):
        raise InvalidUrl("The port of the url must be a plain number from 1 to 65535.")
    return host
