"""The query of an address under ``/play``, in which fields of others stand among the origin's."""

from __future__ import annotations

from gateway.cmcd import PARAMETER
from gateway.identity import SessionTokens
from gateway.notes import OWN

_CARRIED_OVER = "token="


def of_origin(query: str) -> str:
    """What of it the origin is told, byte for byte and in its order: all but CMCD, notes, and a session token that a
    player has carried over from ``/api``."""
    return "&".join([part for part in query.split("&") if not _is_own(part)])


def _is_own(part: str) -> bool:
    if part.startswith(_CARRIED_OVER):
        return SessionTokens.is_one(part.removeprefix(_CARRIED_OVER))
    return part.startswith((OWN, PARAMETER))
