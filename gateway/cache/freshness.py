"""Whom an answer may be given to, how long it is fresh, and how old it is (RFC 9111, sections 3 and 4).

What we ask origins is always GET with the same fields but for those that travel with the player's request, so an answer
that varies is another player's too, unless it varies by those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.cache.date import seconds_of
from gateway.cache.directives import Directives, delta
from gateway.cache.part import Part
from gateway.cmcd import NAMES
from gateway.origins.head import Head
from gateway.origins.headers import TO_ORIGIN

HEURISTIC = 0.1
"""The share of the time since its last change that an answer counts as fresh (RFC 9111, section 4.2.2)."""

HEURISTIC_MOST = 86_400.0
"""Seconds that it counts as fresh at most."""

HEURISTIC_LEAST = 5.0
"""Seconds that media and permanent redirects count as fresh at least: long enough for all who watch one live stream to
find a segment, and too short for anybody to notice that one was replaced."""

_DATE_RESOLUTION = 1.0
_VARYING = frozenset({"*", "traceparent", "tracestate", *(name.lower() for name in (*TO_ORIGIN, *NAMES))})
_PERMANENT = frozenset({301, 308})
_KEPT = frozenset({200, 206, *_PERMANENT})
_KEPT_IF_TOLD = frozenset({302, 307})
_NOT_MEDIA = frozenset({"application/json", "application/xhtml+xml", "text/html"})
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "content-range", "content-type"})
_OF_THE_MESSAGE = frozenset({"age", "date"})


@dataclass(frozen=True, slots=True)
class Times:
    """When the request was sent, and when the head of its answer had come, in seconds of the epoch."""

    asked: float
    answered: float


def shareable(head: Head) -> bool:
    """Whether an answer may be given to others who asked for the same at the same time."""
    told = Directives.of(head)
    if told.no_store or told.private or _has(head, "Set-Cookie"):
        return False
    return _VARYING.isdisjoint(_listed(head, "Vary")) and not _type(head).startswith("multipart/byteranges")


def storable(head: Head) -> bool:
    """Whether an answer is `shareable`, and may be kept for those who ask later, and would be of use to them: fresh for
    a time, or with a validator."""
    if not shareable(head):
        return False
    at = seconds_of(head.get("Date")) or 0.0  # lifetimes are counted from Date, so without it any moment will do
    fresh = lifetime(head, Times(at, at), None) > 0
    if head.status in _KEPT_IF_TOLD:
        return fresh
    validated = bool(head.get("ETag")) or seconds_of(head.get("Last-Modified")) is not None
    if head.status == 206:
        return validated and Part.of(head) is not None
    return head.status in _KEPT and (fresh or validated)


def lifetime(head: Head, times: Times, most: float | None) -> float:
    """The seconds that an answer is fresh from the moment its origin made it, never negative: as told to shared caches,
    to all caches, by Expires, or by heuristics (RFC 9111, section 4.2.1); at most ``most`` where that is given, as for
    a live playlist, whatever was told."""
    told = Directives.of(head)
    if told.no_cache:
        return 0.0
    seconds = _told(head, told, times)
    if seconds is None:
        seconds = max(_heuristic(head, times), _least(head))
    return max(0.0, seconds if most is None else min(seconds, most))


def _told(head: Head, told: Directives, times: Times) -> float | None:
    if told.s_maxage is not None:
        return told.s_maxage
    if told.max_age is not None:
        return told.max_age
    if not _has(head, "Expires"):
        return None
    expires = seconds_of(head.get("Expires"))
    return 0.0 if expires is None else expires - _date(head, times)  # "0", say, means expired (section 5.3)


def _heuristic(head: Head, times: Times) -> float:
    modified = seconds_of(head.get("Last-Modified"))
    if head.status not in _KEPT or modified is None:
        return 0.0
    return min(max(0.0, _date(head, times) - modified) * HEURISTIC, HEURISTIC_MOST)


def _least(head: Head) -> float:
    """The least that is assumed of media, and of redirects that call themselves permanent, whatever type their note to
    the reader has."""
    kind = _type(head)
    is_media = head.status in {200, 206} and kind not in _NOT_MEDIA and not kind.endswith("+json")
    return HEURISTIC_LEAST if is_media or head.status in _PERMANENT else 0.0


def age(head: Head, times: Times, now: float) -> float:
    """The seconds since the origin made or confirmed an answer, never negative, as RFC 9111, section 4.2.3, reckons.

    A Date that is none is when the answer came. It is up to a second earlier than the moment it tells, for it has no
    fractions; that second is no age, or a live playlist would be old when it comes.
    """
    delay = max(0.0, times.answered - times.asked)
    apparent = max(0.0, times.answered - _date(head, times) - _DATE_RESOLUTION)
    return max(apparent, told_age(head) + delay) + max(0.0, now - times.answered)


def told_age(head: Head) -> int:
    """The seconds that caches on the way have kept an answer, by its Age: 0 by one that is none, and the first of
    several counts."""
    return delta(head.get("Age").partition(",")[0].strip()) or 0


def refreshed(stored: Head, answer: Head) -> Head:
    """The head of a stored answer that a 304 has confirmed: the fields of the 304 take the places of its own, but for
    those that describe the body or the connection (RFC 9111, section 3.2).

    Age and Date are the 304's or none: they say how old this confirmation is. The 304 may forbid to keep or to share
    what is stored; ask `storable` of the result.
    """
    own = _HOP_BY_HOP | _OF_THE_BODY | set(_listed(answer, "Connection"))
    new = tuple((name, value) for name, value in answer.fields if name.lower() not in own)
    replaced = _OF_THE_MESSAGE.union(name.lower() for name, _ in new)
    return Head(stored.status, (*(field for field in stored.fields if field[0].lower() not in replaced), *new))


def _date(head: Head, times: Times) -> float:
    date = seconds_of(head.get("Date"))
    return times.answered if date is None else date


def _has(head: Head, field: str) -> bool:
    return any(name.lower() == field.lower() for name, _ in head.fields)


def _listed(head: Head, field: str) -> Iterator[str]:
    """The members of a list-based field, from all its lines, in lower case."""
    for name, value in head.fields:
        if name.lower() == field.lower():
            yield from (member.strip().lower() for member in value.split(","))


def _type(head: Head) -> str:
    return head.get("Content-Type").partition(";")[0].strip().lower()
