"""Say whether a tier may use the stream proxy, by key, session token or grant, and for what.

streaming: true
streaming: {origins: ["https://*.example.com"], kinds: [hls, audio, text]}
"""

from __future__ import annotations

import typing
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Self

from gateway.policy import AccessDenied, Call, Json, Media, OriginPattern, Purpose

Kind = Literal["hls", "dash", "video", "audio", "image", "text", "other"]


@dataclass(frozen=True)
class Streaming:
    """Whether requests for media are admitted; only from ``origins`` if there are any, which must be among the
    gateway's own as well; only of ``kinds`` if there are any: the formats of manifests, and what content types name.
    ``other`` is what they leave open, such as encryption keys and application/octet-stream."""

    allowed: bool | None = None
    origins: tuple[OriginPattern, ...] = ()
    kinds: tuple[Kind, ...] = ()

    def __post_init__(self) -> None:
        if self.allowed is None and not (self.origins or self.kinds):
            raise ValueError("the field allowed is missing; write allowed: true or false, or name origins or kinds")
        if self.allowed is False and (self.origins or self.kinds):
            raise ValueError("allowed is false, and there are origins or kinds beside it; keep the one or the other")
        if set(self.kinds) == set(typing.get_args(Kind)):  # all that there are, as where none is named
            object.__setattr__(self, "allowed", True)
            object.__setattr__(self, "kinds", ())

    @classmethod
    def omitted(cls) -> Self:
        """A tier that does not say so does not stream."""
        return cls(allowed=False)

    async def admit(self, call: Call) -> AsyncIterator[None]:
        """Refuse requests for media, and for its addresses, unless the tier streams."""
        if call.purpose in {Purpose.MEDIA, Purpose.GRANT} and self.allowed is False:
            raise AccessDenied(f"The tier {call.identity.tier} cannot stream media.")
        yield

    def judge(self, call: Call, media: Media) -> None:
        """Refuse what lies at another origin, or is of another kind."""
        if self.origins and not any(pattern.matches(media.url) for pattern in self.origins):
            raise AccessDenied(f"The tier {call.identity.tier} cannot stream from {media.url.origin}.")
        if media.kind and self.kinds and media.kind.value not in self.kinds:
            raise AccessDenied(f"The tier {call.identity.tier} cannot stream {media.kind.value}.")

    def describe(self) -> Json:
        """Whether the tier streams, or from where and what."""
        if not (self.origins or self.kinds):
            return bool(self.allowed)
        told: dict[str, Json] = {"allowed": True}
        if self.origins:
            told["origins"] = [str(pattern) for pattern in self.origins]
        return told | ({"kinds": list(self.kinds)} if self.kinds else {})

    def allows(self) -> dict[str, bool]:
        """Streaming, each origin and each kind."""
        if self.allowed is False:
            return {"streaming": False}
        origins = [f"streaming from {pattern}" for pattern in self.origins] or ["streaming from any origin"]
        kinds = [f"streaming {kind}" for kind in self.kinds] or ["streaming any kind"]
        return dict.fromkeys(["streaming", *origins, *kinds], True)
