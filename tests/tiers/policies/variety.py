"""A policy with a field of every kind that ``tiers.yaml`` can write, for the tests; it admits everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.policy import Bitrate, Call, OriginPattern, Positive, Rate, Seconds, Volume, WebOrigin

ONE = Positive(1)


@dataclass(frozen=True)
class Variety:
    mode: Literal["local", "deny", "allow"]
    count: Positive = ONE
    enabled: bool = False
    label: str = ""
    hosts: tuple[str, ...] = ()
    window: Seconds | None = None
    rate: Rate | None = None
    pace: Bitrate | None = None
    volumes: tuple[Volume, ...] = ()
    origin: OriginPattern | None = None
    page: WebOrigin | None = None
    costs: Mapping[Literal["a", "b"], Positive] = field(default_factory=dict)
    waits: Mapping[Seconds, Positive] = field(default_factory=dict)
    made: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.label == "taken":
            raise ValueError("the label is taken; write another")

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield
