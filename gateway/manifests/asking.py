"""What the rewriting of a manifest depends on beside its text: how it was asked for, and what may be noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.manifests.link import Link

VARIABLES = "sluicegate.variables"
"""The query field that notes what a multivariant playlist defines for one of its media playlists."""

SESSION_FIELD = "token"
"""The query field in which a session token may stand, in the address by which a player asks."""

PATHWAY = "sluicegate.pathway"
"""The query field that notes the host that a pathway was cloned to."""


class Notes(Protocol):
    """Signs what the gateway will need to know when it is asked for something that a manifest names: it keeps nothing
    itself, and believes no player. What is signed has neither quotes nor anything that a URL would encode."""

    def variables(self, url: str, values: Mapping[str, str]) -> str:
        """Sign the variables that the media playlist at ``url`` may import; raise `MalformedManifest` for too many."""

    def pathway(self, host: str) -> str:
        """Sign the host, ``host[:port]``, that takes the place of the one in a reference."""


class _Unsigned:
    """Notes nothing."""

    def variables(self, _url: str, _values: Mapping[str, str]) -> str:
        return ""

    def pathway(self, _host: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Asking:
    """``own`` is the gateway as the player reached it, ``scheme://host[:port]``, ``//host[:port]`` if the scheme is not
    known, or nothing; ``query`` that part of the query of the address the player sees which is its origin's;
    ``variables`` those that the manifest may import; ``licence`` the link to what players ask by POST, if that is one
    of its own; ``shaped`` the link to where the player's own query leads, by way of a variable, if that may lead less
    far than the origin's word does."""

    own: str = ""
    query: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=_Unsigned)
    licence: Link | None = None
    shaped: Link | None = None


def with_field(url: str, name: str, value: str) -> str:
    """A URL with one more query field, before any fragment; as it is if there is no value."""
    if not value:
        return url
    address, mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{name}={value}{mark}{fragment}"
