"""The head of an origin's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Head:
    """The status and the header fields of an origin's answer, in the order they came."""

    status: int
    fields: tuple[tuple[str, str], ...]
    length: int | None = field(init=False, repr=False, compare=False)
    """The length of the body in bytes, where one was told that holds: Transfer-Encoding overrides it, and one that
    stands twice is one (RFC 9112, section 6.3)."""

    _first: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        first, lengths = self._first, []
        for name, value in self.fields:
            known = name.lower()
            if known not in first:
                first[known] = value
            if known == "content-length":
                lengths.append(value)
        no_length = not lengths or self.status == 204 or first.get("transfer-encoding")
        object.__setattr__(self, "length", None if no_length else _length(lengths))

    @classmethod
    def parse(cls, lines: Sequence[bytes]) -> Self:
        """Read the lines of a head; the first is the status line, which libcurl has checked."""
        fields = []
        for line in b"".join(lines[1:]).decode("latin-1").split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                fields.append((name.strip(), value.strip()))
        return cls(int(lines[0].split()[1]), tuple(fields))

    @property
    def coding(self) -> str:
        """The content codings (RFC 9110, section 8.4), in the order they were applied: a list in one field, or in
        several."""
        if "content-encoding" not in self._first:
            return ""
        return ", ".join(value for name, value in self.fields if name.lower() == "content-encoding")

    def get(self, name: str) -> str:
        """The value of a field, matched without case; empty if it is absent."""
        return self._first.get(name.lower(), "")


def _length(told: Sequence[str]) -> int | None:
    """The one length among the lines that tell one."""
    lengths = {part.strip() for value in told for part in value.split(",")}
    length = lengths.pop() if len(lengths) == 1 else ""
    return int(length) if length.isascii() and length.isdigit() and len(length) <= 18 else None
