"""Ways to get more from a grant than it opens, each as bytes on a socket, so that no client makes them harmless.

``python -m tests.handlers.attacks`` tries them against a gateway and prints what each was answered.
"""

from __future__ import annotations

import base64
import itertools
import json
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from gateway.identity import HOUR, LONGEST_VOD, VOD, Grants, Keyring, Scope
from gateway.policy import Credential, Identity
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service, tiers_text

DENIED, UNKNOWN, UNREADABLE = "403 Origin not allowed", "401 Invalid or expired session token", "400 Invalid url"
NO_HTTP, NOWHERE = "400 Bad request", "404 Not found"


@dataclass(frozen=True)
class Attack:
    """A request's target, whose fields `Stage.words` fills in, and how it is to be refused."""

    name: str
    target: str
    refused: str = DENIED
    fields: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"


def elsewhere(name: str, authority: str, refused: str = DENIED, grant: str = "good") -> Attack:
    """The path that the grant opens, at another authority."""
    return Attack(f"host: {name}", f"/play/{{{grant}}}/{authority}/a/b/v.ts", refused)


def beside(name: str, path: str, refused: str = DENIED) -> Attack:
    """Another path at the origin that the grant opens."""
    return Attack(f"path: {name}", f"/play/{{good}}/{{host}}{path}", refused)


def with_grant(name: str, grant: str, refused: str = UNKNOWN) -> Attack:
    """The path itself by another grant."""
    return Attack(f"grant: {name}", f"/play/{grant}/{{host}}/a/b/v.ts", refused)


HOSTS = (
    elsewhere("another origin that tiers.yaml has", "{other}"),
    elsewhere("a name for the same address", "localhost:{port}"),
    elsewhere("another port", "127.0.0.1:{other_port}"),
    elsewhere("a port that nobody listens on", "127.0.0.1:1"),
    elsewhere("no port", "127.0.0.1"),
    elsewhere("an empty port", "127.0.0.1:"),
    elsewhere("the port with a zero before it", "127.0.0.1:0{port}"),
    elsewhere("the port twice", "{host}:{port}"),
    elsewhere("a trailing dot", "127.0.0.1.:{port}"),
    elsewhere("a trailing dot behind a name", "media.example.com.", grant="tls"),
    elsewhere("a user name", "user@{host}"),
    elsewhere("a user name and a password", "a:b@{host}"),
    elsewhere("the host as a user name", "{host}@{other}"),
    elsewhere("the host as a user name, encoded", "{host}%40{other}"),
    elsewhere("another host behind a fragment", "{other}%23{host}"),
    elsewhere("another host behind a backslash", "{other}\\{host}"),
    elsewhere("upper case", "MEDIA.EXAMPLE.COM", grant="tls"),
    elsewhere("mixed case", "media.Example.com", grant="tls"),
    elsewhere("a percent-encoded letter", "%6dedia.example.com", grant="tls"),
    elsewhere("a percent-encoded dot", "127%2e0.0.1:{port}"),
    elsewhere("a percent-encoded colon", "127.0.0.1%3a{port}"),
    elsewhere("a percent-encoded slash", "{other}%2f@{host}"),
    elsewhere("a letter of full width", "%EF%BD%8Dedia.example.com", grant="tls"),
    elsewhere("a letter of full width, raw", "\uff4dedia.example.com", grant="tls"),
    elsewhere("ideographic dots", "127%E3%80%820%E3%80%820%E3%80%821:{port}"),
    elsewhere("punycode", "xn--mdia-bpa.example.com", grant="tls"),
    elsewhere("a decimal address", "2130706433:{port}"),
    elsewhere("a hexadecimal address", "0x7f000001:{port}"),
    elsewhere("a short address", "127.1:{port}"),
    elsewhere("an octal address", "0177.0.0.1:{port}"),
    elsewhere("another loopback address", "127.0.0.2:{port}"),
    elsewhere("IPv6", "[::1]:{port}"),
    elsewhere("IPv4 in IPv6", "[::ffff:127.0.0.1]:{port}"),
    elsewhere("a longer IPv6 address", "[0:0:0:0:0:0:0:1]:{port}", grant="six"),
    elsewhere("an IPv6 zone", "[::1%25lo]:{port}", grant="six"),
    elsewhere("the default port written out", "media.example.com:443", grant="tls"),
    elsewhere("the default port of the other scheme", "media.example.com:80", grant="tls"),
    elsewhere("a subdomain", "a.media.example.com", grant="tls"),
    elsewhere("a longer name", "media.example.com.evil.example", grant="tls"),
    elsewhere("a scheme", "https:%2f%2f{host}"),
    elsewhere("a scheme and slashes", "http://{host}"),
    elsewhere("none", "", UNREADABLE),
    elsewhere("a space", "%20{host}"),
    elsewhere("a line end", "{host}%0d%0aX:%20y"),
)

PATHS = (
    beside("the directory above", "/a/v.ts"),
    beside("the root", "/"),
    beside("a file at the root", "/v.ts"),
    beside("a prefix that is a substring", "/a/bc/v.ts"),
    beside("the prefix without its slash", "/a/b"),
    beside("the prefix with dots", "/a/b../v.ts"),
    beside("the prefix in upper case", "/A/b/v.ts"),
    beside("the prefix with an encoded letter", "/%61/b/v.ts"),
    beside("the prefix with an encoded slash", "/a%2fb/v.ts"),
    beside("the prefix behind another", "/x/a/b/v.ts"),
    beside("..", "/a/b/../v.ts"),
    beside(".. and back", "/a/b/../b/v.ts"),
    beside(".. at the end", "/a/b/.."),
    beside(".. twice", "/a/b/../../v.ts"),
    beside(".", "/a/b/./v.ts"),
    beside("%2e%2e", "/a/b/%2e%2e/v.ts"),
    beside("%2E%2e", "/a/b/%2E%2e/v.ts"),
    beside(".%2e", "/a/b/.%2e/v.ts"),
    beside("%2e%2e%2f", "/a/b/%2e%2e%2fv.ts"),
    beside("..%2f", "/a/b/..%2fv.ts"),
    beside("..%2F..%2F", "/a/b/..%2F..%2Fv.ts"),
    beside("%2f", "/a/b/c%2fv.ts"),
    beside("%2f first", "/a/b/%2fv.ts"),
    beside("%252e%252e", "/a/b/%252e%252e/v.ts"),
    beside("%252f", "/a/b/..%252fv.ts"),
    beside("%25252e%25252e", "/a/b/%25252e%25252e/v.ts"),
    beside("%%32%65", "/a/b/%%32%65%%32%65/v.ts"),
    beside("overlong UTF-8", "/a/b/%c0%ae%c0%ae/v.ts"),
    beside("an overlong slash", "/a/b/..%C0%AFv.ts"),
    beside("%u002e", "/a/b/%u002e%u002e/v.ts"),
    beside("//", "/a/b//v.ts"),
    beside("// first", "//a/b/v.ts"),
    beside("///", "/a/b///v.ts"),
    beside("// and another host", "//{other}/a/b/v.ts"),
    beside("a backslash", "/a/b/..\\v.ts"),
    beside("a backslash first", "/a/b/\\v.ts"),
    beside("%5c", "/a/b/..%5cv.ts"),
    beside("%255c", "/a/b/..%255cv.ts"),
    beside("..;", "/a/b/..;/v.ts"),
    beside("..;x=y", "/a/b/..;x=y/v.ts"),
    beside("..%3b", "/a/b/..%3b/v.ts"),
    beside(".;", "/a/b/.;/v.ts"),
    beside("; behind the prefix", "/a/b;/v.ts"),
    beside("%00", "/a/b/v.ts%00"),
    beside("%00 behind ..", "/a/b/..%00/v.ts"),
    beside("%2500", "/a/b/v.ts%2500"),
    beside("%0a", "/a/b/%0a../v.ts"),
    beside("%0d%0a", "/a/b/v.ts%0d%0aX:%20y"),
    beside("%7f", "/a/b/%7fv.ts"),
    beside("%09", "/a/b/.%09./v.ts"),
    beside("a raw NUL", "/a/b/\0v.ts", NO_HTTP),
    beside("a raw tab", "/a/b/.\t./v.ts", NO_HTTP),
    beside("a raw space", "/a/b/ ../v.ts", NO_HTTP),
    beside("dots of another alphabet", "/a/b/%E2%80%A4%E2%80%A4/v.ts"),
    beside("dots of another alphabet, raw", "/a/b/\u2024\u2024/v.ts"),
    beside("dots and a slash of full width", "/a/b/%EF%BC%8E%EF%BC%8E%EF%BC%8Fv.ts"),
    beside("a query that looks like the prefix", "/a/v.ts?/a/b/v.ts"),
    beside("a query that names another url", "/a/v.ts?url=http://{other}/a/b/v.ts"),
    beside("a query that ends in ..", "/a/b?/../v.ts"),
    beside("a fragment", "/a/v.ts#/a/b/v.ts"),
    beside("an encoded query", "/a/b%3f/../../v.ts"),
    Attack("path: none, and a query", "/play/{good}/{host}?/a/b/v.ts", UNREADABLE),
    Attack("path: none", "/play/{good}/{host}", UNREADABLE),
    Attack("path: beside what one opens alone", "/play/{alone}/{host}/a/b/w.ts"),
    Attack("path: beneath what one opens alone", "/play/{alone}/{host}/a/b/v.ts/w.ts"),
    Attack("path: what one opens alone, and ..", "/play/{alone}/{host}/a/b/v.ts/../w.ts"),
    Attack("path: what one opens alone, encoded", "/play/{alone}/{host}/a/b/%76.ts"),
    Attack("path: more of what one opens alone", "/play/{alone}/{host}/a/b/v.tsx"),
)

GRANTS = (
    with_grant("none", "", UNREADABLE),
    with_grant("a word", "x"),
    with_grant("cut by a byte at its end", "{cut}"),
    with_grant("cut by a byte at its beginning", "{headless}"),
    with_grant("a byte more", "{good}A"),
    with_grant("a padded one", "{good}="),
    with_grant("another last character for the same bits", "{twin}"),
    with_grant("in upper case", "{upper}"),
    with_grant("a percent-encoded one", "{encoded}"),
    with_grant("without a signature", "{unsigned}"),
    with_grant("alg none", "{none}"),
    with_grant("another's claims", "{mixed}"),
    with_grant("twice", "{good}/{good}", DENIED),
    with_grant("an expired one", "{expired}"),
    with_grant("one of tomorrow", "{tomorrow}"),
    with_grant("one that holds too long", "{long}"),
    with_grant("one for a film, that holds too long", "{vod}"),
    with_grant("another tier's", "{tier}"),
    with_grant("a tier's that there is none of", "{no_tier}"),
    with_grant("an unknown key's", "{nobody}"),
    with_grant("a revoked key's", "{revoked}"),
    with_grant("another gateway's", "{foreign}"),
    with_grant("a session token", "{token}"),
    with_grant("an API key", "{key}"),
    with_grant("for the same path elsewhere", "{there}", DENIED),
    with_grant("for the same path by https", "{https}", DENIED),
    with_grant("for a prefix that is a substring", "{substring}", DENIED),
    with_grant("of a tier that does not stream", "{public}", "403 Access denied"),
)

REQUESTS = (
    Attack("request: the whole url of the origin", "http://{host}/a/b/v.ts", NOWHERE),
    Attack("request: a whole url with another host", "http://{other}/play/{good}/{host}/a/v.ts"),
    Attack("request: a whole url with ..", "http://x/play/{good}/{host}/a/b/../v.ts"),
    Attack("request: a Host of the other origin", "/play/{good}/{host}/a/v.ts", fields={"Host": "{other}"}),
    Attack("request: two Hosts", "/play/{good}/{host}/a/b/v.ts", NO_HTTP, {"Host": "x\r\nHost: {other}"}),
    Attack("request: X-Original-URL", "/play/{good}/{host}/a/v.ts", fields={"X-Original-URL": "/a/b/v.ts"}),
    Attack("request: X-Forwarded-Host", "/play/{good}/{other}/a/b/v.ts", fields={"X-Forwarded-Host": "{host}"}),
    Attack("request: a token beside it", "/play/{good}/{host}/a/v.ts", fields={"X-Session-Token": "{token}"}),
    Attack("request: a token in the query", "/play/{good}/{host}/a/v.ts?token={token}"),
    Attack(
        "request: a token of another key beside an expired one",
        "/play/{expired}/{host}/a/b/v.ts",
        UNKNOWN,
        {"X-Session-Token": "{another_token}"},
    ),
    Attack("request: HEAD", "/play/{good}/{host}/a/v.ts", "403", method="HEAD"),
    Attack("request: POST", "/play/{good}/{host}/a/b/v.ts", "405 Method not allowed", method="POST"),
    Attack("request: PUT", "/play/{good}/{host}/a/b/v.ts", "405 Method not allowed", method="PUT"),
    Attack("request: CONNECT", "{host}", "405 Method not allowed", method="CONNECT"),
    Attack("request: behind ..", "/x/../play/{good}/{host}/a/b/v.ts", NOWHERE),
    Attack("request: //play", "//play/{good}/{host}/a/b/v.ts", NOWHERE),
    Attack("request: /PLAY", "/PLAY/{good}/{host}/a/b/v.ts", NOWHERE),
)

ATTACKS = (*HOSTS, *PATHS, *GRANTS, *REQUESTS)


@dataclass
class Stage:
    """A gateway before two origins, and the words that targets are filled in with."""

    service: Service
    origins: tuple[Origin, Origin]
    words: Mapping[str, str]
    _sources: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    @contextmanager
    def built(cls, folder: Path) -> Iterator[Self]:
        """Start all, and stop it at the end."""
        origin, other = Origin.start(), Origin.start()
        origin.scripts["/a/b/v.ts"] = answer(b"video")
        service = Service.start(folder, tiers_text(origin.url, other.url, "https://*.example.com"))
        try:
            yield cls(service, (origin, other), _words(service, origin, other))
        finally:
            service.stop()
            origin.stop()
            other.stop()

    def answered(self, attack: Attack) -> tuple[str, int]:
        """The status and the error that it is refused with, and how many requests have reached an origin."""
        for origin in self.origins:
            origin.asked.clear()
        fields = {"Host": "gateway", "Connection": "close"} | dict(attack.fields)
        lines = [f"{attack.method} {attack.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        text = "\r\n".join([*lines, "", ""]).format(**self.words)
        # Each from an address of its own, or many failed authentications would be answered late.
        reply = _exchange(self.service.port, text.encode(), f"127.0.1.{next(self._sources) % 250 + 1}")
        head, _, body = reply.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1].decode()
        error = json.loads(body)["error"] if body.startswith(b"{") else body.decode("latin-1")[:20]
        return f"{status} {error}".strip(), sum(len(origin.asked) for origin in self.origins)

    def seconds_to_die(self, how: Callable[[Service], None]) -> float:
        """From revoking a key to the first refusal of its grant, which was asked for without a pause and served until
        then; ``how`` is what is done beside it, that the gateway notices."""
        key = self.service.add_key(f"dying-{next(self._sources)}", "standard")
        mine = Identity(Credential.KEY, key[3:11], key[3:11], "dying", "standard", "viewing")
        grants = Grants(Keyring.load(self.service.keyring), time.time)
        grant = grants.mint(mine, Scope(self.origins[0].url, "/a/b/"), int(time.time()), HOUR)
        path = f"/play/{grant}/{self.words['host']}/a/b/v.ts"
        assert self.service.get(path).status == 200
        self.service.key_file().revoke(key[3:11])
        began = time.monotonic()
        how(self.service)
        while (reply := self.service.get(path)).status == 200:
            assert time.monotonic() < began + HANG
        assert reply.status == 401
        return time.monotonic() - began


def wait(_service: Service) -> None:
    """The gateway looks at its files by itself."""


def hang_up(service: Service) -> None:
    """``systemctl reload``."""
    service.process.send_signal(signal.SIGHUP)


def _exchange(port: int, request: bytes, source: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), HANG, (source, 0)) as connection:
        connection.sendall(request)
        reply = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                reply += chunk
        return reply


def _words(service: Service, origin: Origin, other: Origin) -> Mapping[str, str]:
    key, another, dead = (service.add_key(client, "standard") for client in ("acme", "other", "dead"))
    host, port = origin.url.removeprefix("http://"), origin.url.rpartition(":")[2]
    words = {"host": host, "port": port, "other": other.url.removeprefix("http://")}
    words |= {"other_port": other.url.rpartition(":")[2], "key": key}
    words |= {"token": service.token(key), "another_token": service.token(another)}
    words |= _grants(service, origin.url, other.url, key[3:11], dead[3:11])
    service.key_file().revoke("dead")
    service.reload()
    return words


def _grants(service: Service, here: str, there: str, key_id: str, dead_id: str) -> Mapping[str, str]:
    now, hours = int(time.time()), 6 * HOUR
    mint = Grants(Keyring.load(service.keyring), time.time).mint
    acme = Identity(Credential.KEY, key_id, key_id, "acme", "standard", "viewing")
    ours = Scope(here, "/a/b/")
    good = mint(acme, ours, now, hours)
    head, claims, mark = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg": "none", "typ": "sg-play+jwt"}').rstrip(b"=").decode()
    whole = mint(acme, Scope(here, "/"), now, hours).split(".")[1]
    return {
        "good": good,
        "six": mint(acme, Scope(here.replace("127.0.0.1", "[::1]"), "/a/b/"), now, hours),
        "tls": mint(acme, Scope("https://media.example.com", "/a/b/"), now, hours),
        "alone": mint(acme, Scope(here, "/a/b/v.ts"), now, hours),
        "there": mint(acme, Scope(there, "/a/b/"), now, hours),
        "https": mint(acme, Scope(here.replace("http:", "https:"), "/a/b/"), now, hours),
        "substring": mint(acme, Scope(here, "/a/b"), now, hours),
        "cut": good[:-1],
        "headless": good[1:],
        "twin": good[:-1] + chr(ord(good[-1]) + 1),
        "upper": good.upper(),
        "encoded": good.replace(".", "%2E"),
        "unsigned": f"{head}.{claims}.",
        "none": f"{none}.{claims}.{mark}",
        "mixed": f"{head}.{whole}.{mark}",
        "expired": mint(acme, ours, now - hours, hours),
        "tomorrow": mint(acme, ours, now + 86400, hours),
        "long": mint(acme, ours, now, hours + 1),
        "vod": mint(acme, ours, now, LONGEST_VOD + HOUR, VOD),
        "tier": mint(replace(acme, tier="partner"), ours, now, hours),
        "no_tier": mint(replace(acme, tier="gold"), ours, now, hours),
        "nobody": mint(replace(acme, key_id="nobody00"), ours, now, hours),
        "revoked": mint(replace(acme, key_id=dead_id), ours, now, hours),
        "public": mint(replace(acme, key_id="open-public", tier="public"), ours, now, hours),
        "foreign": Grants(Keyring.generate(), time.time).mint(acme, ours, now, hours),
    }


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, Stage.built(Path(folder)) as stage:
        for attack in ATTACKS:
            said, reached = stage.answered(attack)
            verdict = "ok " if said == attack.refused and not reached else "BAD"
            sys.stdout.write(f"{verdict}  {attack.name:58} {said:40} reached the origin: {reached}\n")
        for how in (hang_up, wait):
            seconds = [stage.seconds_to_die(how) for _ in range(5)]
            sys.stdout.write(f"seconds from revoking a key to the first refusal, {how.__name__}: {sorted(seconds)}\n")


if __name__ == "__main__":
    main()
