"""The queries of the gateway's own addresses: under ``/api`` the media stands in one field, and under ``/play`` fields
of others stand among the origin's."""

from __future__ import annotations

from gateway.cmcd import PARAMETER
from gateway.identity import SessionTokens
from gateway.manifests.asking import SESSION_FIELD
from gateway.playback.notes import OWN

_API_FIELDS = frozenset({"url", SESSION_FIELD, "CMCD"})
"""What the gateway knows of the query of ``/api``, beside directives."""

_DIRECTIVES = ("_HLS_", "_DASH_")
"""How fields begin that players append for the origin: of low-latency HLS, of interstitials, of content steering."""

_CARRIED_OVER = f"{SESSION_FIELD}="


def with_directives(url: str, query: str) -> str:
    """``url`` with the directives of a query of ``/api``, as they stand there."""
    directives = "&".join(part for part in query.split("&") if part.startswith(_DIRECTIVES))
    return f"{url}{'&' if '?' in url else '?'}{directives}" if directives else url


def is_of_api(name: str) -> bool:
    """Whether a field may stand in the query of ``/api``."""
    return name in _API_FIELDS or name.startswith(_DIRECTIVES)


def of_origin(query: str) -> str:
    """What of it the origin is told, byte for byte and in its order: all but CMCD, notes, and a session token that a
    player has carried over from ``/api``."""
    return "&".join([part for part in query.split("&") if not _is_own(part)])


def _is_own(part: str) -> bool:
    if part.startswith(_CARRIED_OVER):
        return SessionTokens.is_one(part.removeprefix(_CARRIED_OVER))
    return part.startswith((OWN, PARAMETER))
