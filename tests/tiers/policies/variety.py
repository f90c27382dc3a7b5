"""A policy with a field of every kind that ``tiers.yaml`` can write, for the tests; it admits everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from gateway.policy import Call, Positive, Seconds

ONE = Positive(1)


@dataclass(frozen=True)
class Variety:
    mode: Literal["local", "deny", "allow"]
    count: Positive = ONE
    enabled: bool = False
    label: str = ""
    hosts: tuple[str, ...] = ()
    window: Seconds | None = None

    def __post_init__(self) -> None:
        if self.label == "taken":
            raise ValueError("the label is taken; write another")

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield
