"""The contract between a policy and the gateway: all that a file in ``policies/`` may import of ours.

One file is one policy: its file name is its name in ``tiers.yaml``, its frozen dataclass's fields are its options, and
its method ``admit`` behaves like a pytest fixture: raise to refuse, yield once while the request runs, clean up after.
It may yield a `Meter`, which is awaited with the size of every chunk of the body before that chunk is sent.

A policy class may also have, each optional:

- ``short(cls, value)``: a classmethod that makes the policy from its short form (``10/60s``); without it a bare value
  fills the first field. Raise `ValueError` with what would be right.
- ``omitted(cls)``: a classmethod giving the policy that holds for a tier which does not name it (nothing is allowed by
  omission).
- ``describe(self)``: what the plan table at ``/api/tiers`` says of it; without it, its fields.
- ``report(self, call)``: a coroutine giving what ``/api/usage`` says of it: limits, what is left.
"""

from __future__ import annotations

import enum
import math
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import NewType, Protocol

from gateway.problem import AccessDenied, Json, OutOfCapacity, Problem

__all__ = [
    "AccessDenied",
    "Call",
    "Credential",
    "Decision",
    "Identity",
    "Json",
    "LimitReached",
    "Meter",
    "OnStoreError",
    "OutOfCapacity",
    "Policy",
    "Positive",
    "Problem",
    "Purpose",
    "Quota",
    "Seconds",
    "Store",
    "Window",
    "duration",
]

Positive = NewType("Positive", int)
"""A whole number above zero: an option of a policy."""

Seconds = NewType("Seconds", int)
"""A duration above zero, in whole seconds; written ``90s``, ``30m``, ``6h`` or ``1d`` in ``tiers.yaml``."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> Seconds:
    """Read ``90s``, ``30m``, ``6h`` or ``1d``; raise `ValueError` with what would be right."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or number.startswith("0"):
        raise ValueError(f"{text!r} is not a duration; write a whole number and a unit, such as 60s, 30m, 6h or 1d")
    if len(number) > 9:
        raise ValueError(f"{text!r} is too long a duration; the longest is 999999999 of a unit")
    return Seconds(int(number) * _UNITS[unit])


class Credential(enum.Enum):
    """What a request showed to say who it is."""

    KEY = "key"
    SESSION = "session"
    GRANT = "grant"


class Purpose(enum.Enum):
    """What a request is for."""

    MEDIA = "media"
    SESSION = "session"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from.

    ``counter_id`` names the counters that the key's requests count toward: the key's own id, or one that an old and a
    new key share while a rotation lasts. ``session_id`` names the viewing session; for a key it is the key's own.
    """

    credential: Credential
    key_id: str
    counter_id: str
    client: str
    tier: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Quota:
    """How one policy's window stands: at most ``limit`` in any ``window`` seconds; ``remaining`` are left now, and
    no more than those can be used in the next ``reset`` seconds (draft-ietf-httpapi-ratelimit-headers-11)."""

    policy: str
    limit: int
    window: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What the store says of one window. ``reset`` and ``retry_after`` are seconds, ``retry_after`` 0 if admitted."""

    admitted: bool
    remaining: int
    reset: float
    retry_after: float


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``limit`` requests that count toward one counter under one policy, in any ``seconds``."""

    counter_id: str
    policy: str
    limit: int
    seconds: int


class OnStoreError(enum.Enum):
    """What a tier's limits do while the store does not answer: count inside each worker, by its share of the limit;
    refuse with 503; or admit everything."""

    LOCAL = "local"
    DENY = "deny"
    ALLOW = "allow"


class Store(Protocol):
    """What outlives a request and is shared by workers."""

    async def take(self, window: Window, on_error: OnStoreError) -> Decision:
        """Count one request; a denial is not counted. Raise `OutOfCapacity` if the store does not answer and
        ``on_error`` is to deny."""

    async def peek(self, window: Window) -> Decision:
        """What `take` would answer now, counting nothing. Raise `OutOfCapacity` if the store does not answer."""


class Meter(Protocol):
    """Awaited with each chunk's size in bytes before the chunk is sent."""

    def __call__(self, size: int, /) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as policies see it. A policy appends to ``quotas`` how its window stands."""

    identity: Identity
    purpose: Purpose
    store: Store
    on_store_error: OnStoreError = OnStoreError.LOCAL
    quotas: list[Quota] = field(default_factory=list)


class Policy(Protocol):
    """One rule of a tier."""

    def admit(self, call: Call) -> AsyncIterator[Meter | None]:
        """Raise a `Problem` to refuse; yield once, nothing or a meter, while the request runs."""


class LimitReached(Problem):
    """The key has used up a window; ``retry_after`` is in seconds.

    The type is the one registered by draft-ietf-httpapi-ratelimit-headers-11, section 6.1.
    """

    status = 429
    error = "Rate limit exceeded"
    type = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, tier: str, quota: Quota, retry_after: float) -> None:
        super().__init__()
        self.tier = tier
        self.quota = quota
        self.retry_after = max(math.ceil(retry_after), quota.reset, 1)

    def headers(self) -> dict[str, str]:
        """``Retry-After``, in seconds, never earlier than the quota's reset."""
        return {"Retry-After": str(self.retry_after)}

    def members(self) -> dict[str, Json]:
        """The tier, the window and when to come back."""
        return {
            "tier": self.tier,
            "limit": self.quota.limit,
            "window": self.quota.window,
            "retry_after": self.retry_after,
            "violated-policies": [self.quota.policy],
        }
