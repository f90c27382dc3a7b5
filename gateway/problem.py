"""What a client is told when a request is refused: one tree of errors, each carrying its own answer.

The bodies are RFC 9457 problem details with a short stable ``error`` member beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gateway.limits import Quota

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """A refusal with its status, its stable name, its headers and its body.

    ``detail`` says to a person what was wrong and what would be right; it never repeats a credential.
    """

    status = 500
    error = "Internal error"
    type = "about:blank"
    policy = ""
    """The policy that refused, if one did."""
    reason = ""
    """What the log says of it and the answer must not."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.error)
        self.detail = detail

    def headers(self) -> dict[str, str]:
        """Response header fields that belong to this answer."""
        return {}

    def members(self) -> dict[str, Json]:
        """Extension members of the problem details object (RFC 9457, section 3.2)."""
        return {}

    def body(self) -> dict[str, Json]:
        """The problem details object."""
        told: dict[str, Json] = {"type": self.type, "title": self.error, "status": self.status}
        told["error"] = self.error
        if self.detail:
            told["detail"] = self.detail
        return told | self.members()


class BadRequest(Problem):
    """The request itself cannot be understood."""

    status = 400
    error = "Bad request"


class InvalidUrl(Problem):
    """``url`` is missing, is not an absolute http(s) URL, or is not written in its canonical form."""

    status = 400
    error = "Invalid url"


class NotFound(Problem):
    """There is nothing at this path."""

    status = 404
    error = "Not found"


class MethodNotAllowed(Problem):
    """The path exists, and takes other methods."""

    status = 405
    error = "Method not allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"Use one of: {', '.join(allowed)}.")
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        """``Allow`` (RFC 9110, section 10.2.1)."""
        return {"Allow": ", ".join(self.allowed)}


class Unauthenticated(Problem):
    """No credential, or none that holds: the parent of the three 401 answers (RFC 6750, section 3)."""

    status = 401
    challenge = 'Bearer realm="sluicegate"'

    def headers(self) -> dict[str, str]:
        """``WWW-Authenticate``."""
        return {"WWW-Authenticate": self.challenge}


class MissingKey(Unauthenticated):
    """The request carries no credential."""

    error = "Missing API key"


class InvalidKey(Unauthenticated):
    """The API key is malformed, unknown, expired or revoked; which of these only the log says, in ``reason``."""

    error = "Invalid API key"
    challenge = 'Bearer realm="sluicegate", error="invalid_token"'

    def __init__(self, detail: str = "", reason: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class InvalidToken(Unauthenticated):
    """The session token or grant does not verify, has expired, or its key is no longer alive."""

    error = "Invalid or expired session token"
    challenge = 'Bearer realm="sluicegate", error="invalid_token"'


class AccessDenied(Problem):
    """The credential is good, and its tier does not allow this."""

    status = 403
    error = "Access denied"


class OriginNotAllowed(Problem):
    """The URL, a redirect's target, or the address behind its name is not one the gateway may fetch from."""

    status = 403
    error = "Origin not allowed"


class OwnAddress(OriginNotAllowed):
    """The URL leads to the gateway itself."""


class AddressNotPublic(OriginNotAllowed):
    """The address behind a name is not public; ``kind`` says what it is instead (``loopback``)."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"The origin's address is not public: {kind}.")
        self.kind = kind


class RedirectNotAllowed(OriginNotAllowed):
    """The origin redirects to what is no absolute http(s) URL in its canonical form."""


class OriginUnreachable(Problem):
    """The origin could not be reached, or what it answered is not HTTP that can be passed on. ``check`` is for the
    operator alone: what of the origin to check, empty where the detail says it all."""

    status = 502
    error = "Origin unreachable"

    def __init__(self, detail: str = "", retry_after: int = 0, check: str = "") -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.check = check

    def headers(self) -> dict[str, str]:
        """``Retry-After``, in seconds, where it is known when the origin is asked again."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after else {}


class TooManyRedirects(OriginUnreachable):
    """The origin answers, and each answer leads to another address."""


class OriginTimedOut(Problem):
    """The origin did not answer in time."""

    status = 504
    error = "Origin timed out"


class OutOfCapacity(Problem):
    """The gateway, or the store behind it, cannot serve this request now."""

    status = 503
    error = "Temporarily out of capacity"

    def __init__(self, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """``Retry-After``, in seconds."""
        return {"Retry-After": str(self.retry_after)}


class QuotaExceeded(Problem):
    """The key has used up what its tier gives; ``retry_after`` is in seconds, ``told`` are further members.

    The type is the one registered by draft-ietf-httpapi-ratelimit-headers-11, section 6.1.
    """

    status = 429
    error = "Quota exceeded"
    type = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, tier: str, policy: str, retry_after: float, detail: str = "", **told: Json) -> None:
        super().__init__(detail)
        self.tier = tier
        self.violated = policy
        self.retry_after = max(math.ceil(retry_after), 1)
        self.told = told

    def headers(self) -> dict[str, str]:
        """``Retry-After``, in seconds."""
        return {"Retry-After": str(self.retry_after)}

    def members(self) -> dict[str, Json]:
        """The tier, what was used up and when to come back."""
        told: dict[str, Json] = {"tier": self.tier} | self.told
        return told | {"retry_after": self.retry_after, "violated-policies": [self.violated]}


class LimitReached(QuotaExceeded):
    """The key has used up a window; never to be tried again earlier than the window's reset."""

    error = "Rate limit exceeded"

    def __init__(self, tier: str, quota: Quota, retry_after: float) -> None:
        super().__init__(tier, quota.policy, max(retry_after, quota.reset), limit=quota.limit, window=quota.window)
