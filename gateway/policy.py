"""The contract between a policy and the gateway: all that a file in ``policies/`` may import of ours.

One file is one policy: its file name is its name in ``tiers.yaml``, its frozen dataclass's fields are its options, and
its method ``admit`` behaves like a pytest fixture: raise to refuse, yield once while the request runs, clean up after.
It may yield a `Meter`, which is awaited with the size of every chunk of the body before that chunk is sent.

A policy class may also have, each optional:

- ``short(cls, value)``: a classmethod that makes the policy from its short form (``10/60s``); without it a bare value
  fills the first field. Raise `ValueError` with what would be right.
- ``omitted(cls)``: a classmethod giving the policy that holds for a tier which does not name it (nothing is allowed by
  omission).
- ``judge(self, call, media)``: raise to refuse one resource; called for a request for media with what is known: before
  each hop to an origin, and once more when the origin's answer tells its kind, before any of it is sent.
- ``allows(self)``: what it allows as names with numbers, more being more (``{"requests in 60s": 10}``), or with nothing
  but True and False (``{"pages of https://example.com": True}``), by which ``main.py diff`` tells who gains and who
  loses. What a tier without the policy is not limited in need not be told; in what order a list of options stands is
  taken to mean nothing.
- ``describe(self)``: what the plan table at ``/api/tiers`` says of it; without it, its fields.
- ``report(self, call)``: a coroutine giving what ``/api/usage`` says of it: limits, what is left.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from gateway.limits import (
    Counter,
    Decision,
    Lane,
    OnStoreError,
    Quota,
    Seating,
    Seats,
    Spending,
    Standing,
    Store,
    WhenFull,
)
from gateway.origins.pattern import OriginPattern, WebOrigin
from gateway.origins.url import MediaUrl
from gateway.problem import AccessDenied, Json, LimitReached, OutOfCapacity, Problem, QuotaExceeded
from gateway.units import Bitrate, Period, Positive, Rate, Seconds, Volume, duration, written

__all__ = [
    "AccessDenied",
    "Bitrate",
    "Call",
    "Counter",
    "Credential",
    "Decision",
    "Identity",
    "Json",
    "Lane",
    "LimitReached",
    "Media",
    "MediaKind",
    "Meter",
    "OnStoreError",
    "OriginPattern",
    "OutOfCapacity",
    "Period",
    "Policy",
    "Positive",
    "Problem",
    "Purpose",
    "Quota",
    "QuotaExceeded",
    "Rate",
    "Refusal",
    "Route",
    "Seating",
    "Seats",
    "Seconds",
    "Spending",
    "Standing",
    "Store",
    "Volume",
    "WebOrigin",
    "WhenFull",
    "duration",
    "written",
]

Route = Literal["api", "auth", "grant", "inspect", "usage", "tiers", "health"]
"""Where a request with a key can go, by the names that the log and the metrics use."""


_OWN_SESSION = "key-"


class Credential(enum.Enum):
    """What a request showed to say who it is."""

    KEY = "key"
    SESSION = "session"
    GRANT = "grant"


class Purpose(enum.Enum):
    """What a request is for: media, a session token, the address of media with a grant in it, or the key itself."""

    MEDIA = "media"
    SESSION = "session"
    GRANT = "grant"
    ACCOUNT = "account"


class MediaKind(enum.Enum):
    """What an origin's answer is: a manifest's format, or the kind that its content type names."""

    HLS = "hls"
    DASH = "dash"
    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    TEXT = "text"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Media:
    """A resource of an origin; ``kind`` is None until the origin has answered."""

    url: MediaUrl
    kind: MediaKind | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from.

    ``counter_id`` names the counters that the key's requests count toward: the key's own id, or one that an old and a
    new key share while a rotation lasts. ``session_id`` names the viewing session: of a token and its grants the one
    that the token opened; of a key one caller's use of one presentation.
    """

    credential: Credential
    key_id: str
    counter_id: str
    client: str
    tier: str
    session_id: str

    @property
    def session_ends(self) -> bool:
        """Whether the viewing session is a token's, which ends. What a key views itself, and by the grants that come of
        it, is one session for ever."""
        return not self.session_id.startswith(_OWN_SESSION)

    def viewing(self, *what: str) -> Identity:
        """This key in a viewing session that is always the same for the same ``what``."""
        told = hashlib.sha256("\0".join((self.key_id, *what)).encode()).digest()[:16]
        return replace(self, session_id=f"{_OWN_SESSION}{base64.urlsafe_b64encode(told).decode().rstrip('=')}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a policy in shadow would have refused, and by which error."""

    policy: str
    error: str


class Meter(Protocol):
    """Awaited with each chunk's size in bytes before the chunk is sent.

    One that must be asked about small chunks has an attribute ``largest``: the most bytes that it is asked about.
    """

    def __call__(self, size: int, /) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as policies see it.

    ``page`` is the web origin (``https://example.com``) of the page that asks, empty if no page does, ``null`` if it
    hides. ``session_lifetime`` is how many seconds a new token holds, ``longest_session`` how many the tokens and
    grants of a viewing session can hold once it is refused, and so gets no new ones. ``clock`` gives seconds that only
    go forward. A policy appends to ``quotas`` how its window stands, and to ``varies`` the request's header fields that
    its answer depends on. ``store`` is what limits are counted in; ``gateway/limits.py`` tells what can be asked of it,
    and what it answers.
    """

    identity: Identity
    purpose: Purpose
    store: Store
    on_store_error: OnStoreError = OnStoreError.LOCAL
    route: str = "api"
    page: str = ""
    session_lifetime: int = 1800
    longest_session: int = 174600
    clock: Callable[[], float] = time.monotonic
    quotas: list[Quota] = field(default_factory=list)
    varies: list[str] = field(default_factory=list)
    shadowed: list[Refusal] = field(default_factory=list)
    in_shadow: bool = False

    def counter(self, policy: str) -> Counter:
        """What this request counts toward under a policy's name: apart from what is enforced, while it is in shadow."""
        name = f"{policy}:shadow" if self.in_shadow else policy
        return Counter(self.identity.counter_id, name, self.on_store_error)


class Policy(Protocol):
    """One rule of a tier."""

    def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Raise a `Problem` to refuse; yield once, nothing or a meter, while the request runs."""
