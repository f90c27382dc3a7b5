"""What the parsers of players make of a manifest: from its origin, and from the gateway, whose addressing is undone."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from benchmarks.manifests.viewing import GATEWAY, LIFETIME, Viewing
from gateway.identity import Scope
from gateway.manifests import Kind, length, rewrite
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Lease
from gateway.playback.notes import Noted
from gateway.playback.query import of_origin
from gateway.problem import InvalidUrl, Problem

HERE = Path(__file__).resolve().parent
PLAYERS = HERE.parent / "players" / "node_modules"
PARSERS = {Kind.HLS: ("m3u8-parser", "hls.js", "shaka"), Kind.DASH: ("mpd-parser", "dash.js", "shaka")}
NOW = 1_767_225_600
"""Seconds since the epoch of what the parsers take for now."""

_HTTP = re.compile(r"https?:", re.IGNORECASE)
_PLAY = re.compile(r"/play/(?P<grant>[^/]+)/(?P<authority>[^/]+)(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?")

Told = Any
"""A tree as JSON has it, in which ``{"asked": URL}`` is what a player would ask for."""


class OtherParsers:
    """The parsers, all in one node: other_parsers.mjs."""

    def __enter__(self) -> Self:
        command = ["node", str(HERE / "other_parsers.mjs"), str(PLAYERS), str(NOW * 1000)]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._node.communicate(timeout=20)

    def read(self, parser: str, kind: Kind, url: str, text: bytes, variables: Mapping[str, str] | None = None) -> Told:
        """What a parser tells of a manifest that it has from ``url``, or what it has against it."""
        request = {"parser": parser, "kind": kind.value, "url": url, "variables": variables}
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps(request | {"text": base64.b64encode(text).decode()}) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())


@dataclass(frozen=True)
class Asked:
    """A manifest, asked for at ``url``; by a grant for ``within``, or by /api. It came from ``came_from`` if that is
    another. ``variables`` are those that it may import."""

    kind: Kind
    text: bytes
    url: str
    within: Scope | None = None
    came_from: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where it came from."""
        return self.came_from or self.url


@dataclass(frozen=True)
class Witness:
    """Reads manifests with all parsers of their kind, for one viewer."""

    parsers: OtherParsers
    viewing: Viewing

    def served(self, asked: Asked) -> tuple[bytes, str]:
        """A manifest as the gateway sends it, and the address by which the player has it."""
        url, came = MediaUrl.parse(asked.url), MediaUrl.parse(asked.origin)
        links = self.viewing.links(url, asked.within).seen_from(url, came).lasting(length(asked.kind, asked.text))
        links = replace(links, asking=replace(links.asking, variables=asked.variables))
        asking = replace(links.asking, licence=links.licences(), shaped=links.shaped())
        after = rewrite(asked.kind, asked.text, came.href, links, asking)
        if asked.within is None:
            return after, f"{GATEWAY}/api?url={quote(asked.url, safe='')}"
        lease = Lease.starting(self.viewing.now, LIFETIME)
        grant = links.mint(asked.within, lease)
        return after, f"{GATEWAY}/play/{grant}/{url.authority}{url.path}{url.query}"

    def differences(self, asked: Asked, *parsers: str) -> list[tuple[str, Told, Told]]:
        """By parser, of all if none is named, what it tells of the origin's manifest and of the gateway's, where these
        are not the same."""
        after, seen_at = self.served(asked)
        found = []
        for parser in parsers or PARSERS[asked.kind]:
            before = self.parsers.read(parser, asked.kind, asked.origin, asked.text, asked.variables)
            told = self.parsers.read(parser, asked.kind, seen_at, after, asked.variables)
            meant = _mapped(before, lambda url: canonical(urljoin(asked.origin, url)))
            led = _mapped(told, self.undone)
            if meant != led:
                found.append((parser, meant, led))
        return found

    def undone(self, address: str) -> str:
        """What the gateway asks the origin for when it is asked for an address; one that it refuses, or that is not its
        own, as it is with the reason before it."""
        if not _HTTP.match(address):
            return address if ":" in address else f"relative: {address}"
        asked = _PLAY.fullmatch(address.removeprefix(GATEWAY))
        if address.startswith(f"{GATEWAY}/api?url="):
            return canonical(parse_qs(urlsplit(address).query)["url"][0])
        if not asked or not address.startswith(GATEWAY):
            return f"elsewhere: {address}"
        try:
            scope = self.viewing.grants.verify(asked["grant"], self.viewing.keys, LIFETIME).scope
        except Problem:
            return f"no grant: {address}"
        origin = f"{scope.origin.partition('://')[0]}://{asked['authority']}"
        if not scope.covers(origin, asked["path"]):
            return f"refused: {origin}{asked['path']}"
        return canonical(f"{origin}{asked['path']}?{of_origin(asked['query'] or '')}")

    def noted(self, address: str) -> tuple[str, Mapping[str, str]]:
        """The media playlist that an address of the gateway's leads to, and the variables that it may import."""
        url, query = MediaUrl.parse(self.undone(address)), urlsplit(address).query
        return url.href, Noted.read(query, url, self.viewing.notes, self.viewing.identity).variables


def canonical(url: str) -> str:
    """A URL as the gateway's client asks for it; a query that is empty is none, and what is no URL of http stays."""
    if not _HTTP.match(url):
        return url
    try:
        return MediaUrl.parse(url.partition("#")[0]).href.removesuffix("?")
    except InvalidUrl:
        return "not fetched"


def urls(told: Told) -> list[str]:
    """All that a player would ask for, in the order in which it is told."""
    if isinstance(told, dict) and told.keys() == {"asked"}:
        return [told["asked"]]
    within = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return [url for each in within for url in urls(each)]


def _mapped(told: Told, change: Callable[[str], str]) -> Told:
    if isinstance(told, list):
        return [_mapped(one, change) for one in told]
    if isinstance(told, dict):
        if told.keys() == {"asked"}:
            return {"asked": change(told["asked"])}
        return {name: _mapped(value, change) for name, value in told.items()}
    return told
