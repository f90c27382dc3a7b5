"""What a manifest notes for later, and what of that a player brings back (`gateway.manifests.asking`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.identity import Notes, NoteTooLongError
from gateway.identity.members import parse_members
from gateway.manifests import MalformedManifest
from gateway.manifests.asking import PATHWAY, VARIABLES
from gateway.manifests.hls.variables import Shaped
from gateway.origins.url import MediaUrl
from gateway.policy import Identity
from gateway.problem import InvalidToken, InvalidUrl

OWN = "sluicegate."
"""What the names of the gateway's own query fields under ``/play`` begin with; no origin is told them."""

MOST = 2000
"""Notes that one manifest may need: each is signed, and an origin may name more than a worker has time for."""

_PORT = re.compile(r":[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class SessionNotes:
    """Notes for one manifest, in one viewing session."""

    notes: Notes
    identity: Identity
    _left: Iterator[int] = field(default_factory=lambda: iter(range(MOST)), init=False, repr=False, compare=False)

    def variables(self, url: str, values: Mapping[str, str]) -> str:
        """As `gateway.manifests.asking.Notes` says."""
        self._count()
        try:
            return self.notes.sign_variables(self.identity, url, _note(values))
        except NoteTooLongError as error:
            raise MalformedManifest(
                "The origin's playlist defines more in variables than fits into a note of 4 KiB."
            ) from error

    def pathway(self, host: str) -> str:
        """As `gateway.manifests.asking.Notes` says; nothing for a host that is too long to be one."""
        self._count()
        try:
            return self.notes.sign_pathway(self.identity, host)
        except NoteTooLongError:
            return ""

    def _count(self) -> None:
        if next(self._left, None) is None:
            raise MalformedManifest(f"What the origin sends has more than {MOST} pathways or playlists with variables.")


@dataclass(frozen=True, slots=True)
class Noted:
    """What a request brings back: the variables that a media playlist may import, and the host, ``host[:port]``, that
    its pathway was cloned to, or nothing."""

    variables: Mapping[str, str]
    host: str

    @classmethod
    def read(cls, query: str, url: MediaUrl, notes: Notes, identity: Identity) -> Noted:
        """Read the notes of a query by which ``url`` was asked for. A player may add a field that is there already: the
        last holds. Raises `InvalidToken` for a note that was not written for this URL and viewing session."""
        fields = dict(part.split("=", 1) for part in query.split("&") if part.startswith(OWN) and "=" in part)
        variables, pathway = fields.get(VARIABLES), fields.get(PATHWAY)
        return cls(
            _values(notes.variables(variables, identity, url.origin + url.path)) if variables is not None else {},
            notes.pathway(pathway, identity) if pathway is not None else "",
        )

    def moved(self, url: MediaUrl) -> MediaUrl:
        """The URL at the host that was noted; that takes the place of a host (RFC 3986, section 3.2.2), so that a port
        stays unless it names one. Raises `InvalidUrl` for a host that is not canonical."""
        if not self.host:
            return url
        authority = self.host if _PORT.search(self.host) else f"{self.host}:{url.port}"
        moved = MediaUrl.parse(f"{url.scheme}://{authority}{url.path}{url.query}")
        if (moved.path, moved.query) != (url.path, url.query):
            raise InvalidUrl("The host of the pathway is none.")
        return moved


def _note(values: Mapping[str, str]) -> str:
    """Variables as JSON: a value that the player's query has shaped is a list of it and of what is fixed."""
    told = {name: [value, value.fixed] if isinstance(value, Shaped) else value for name, value in values.items()}
    return json.dumps(told, separators=(",", ":"))


def _values(note: str) -> Mapping[str, str]:
    try:
        return {name: _value(told) for name, told in parse_members(note.encode()).items()}
    except ValueError as error:
        raise InvalidToken from error


def _value(told: object) -> str:
    return Shaped(*map(str, told)) if isinstance(told, list) else str(told)
