"""What the options of policies are measured in, as ``tiers.yaml`` writes it: durations, rates, sizes.

A type with a classmethod ``parse`` can be the type of a policy's field: ``tiers.yaml`` gives it the text, and a
`ValueError` says what would be right. Its ``pattern`` (a regular expression for the whole text) and its ``example`` go
into the JSON Schema.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import ClassVar, NewType, Self

Positive = NewType("Positive", int)
"""A whole number above zero: an option of a policy."""

Seconds = NewType("Seconds", int)
"""A duration above zero, in whole seconds; written ``90s``, ``30m``, ``6h`` or ``1d`` in ``tiers.yaml``."""

DURATION = "[1-9][0-9]{0,8}[smhd]"
"""How a duration is written."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BITS = {"kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}
_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def duration(text: str) -> Seconds:
    """Read ``90s``, ``30m``, ``6h`` or ``1d``; raise `ValueError` with what would be right."""
    number, unit = text[:-1], text[-1:]
    if unit not in _SECONDS or not _is_whole(number):
        raise ValueError(f"{text!r} is not a duration; write a whole number and a unit, such as 60s, 30m, 6h or 1d")
    if len(number) > 9:
        raise ValueError(f"{text!r} is too long a duration; the longest is 999999999 of a unit")
    return Seconds(int(number) * _SECONDS[unit])


def written(seconds: int) -> str:
    """A duration as it would be written: ``60s``, ``30m``."""
    for unit, length in sorted(_SECONDS.items(), key=lambda each: -each[1]):
        if seconds % length == 0 and seconds >= (2 * length if unit == "m" else length):
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``limit`` in any ``window`` seconds; written ``10/60s``."""

    limit: Positive
    window: Seconds

    pattern: ClassVar[str] = f"[1-9][0-9]{{0,11}}/{DURATION}"
    example: ClassVar[str] = "10/60s"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``10/60s``; raise `ValueError` with what would be right."""
        limit, slash, window = text.partition("/")
        if not slash or not _is_whole(limit):
            raise ValueError(f"{text!r} is not a rate; write requests per window, such as 10/60s")
        if len(limit) > 12:
            raise ValueError(f"{text!r} is too high a rate; the highest is 999999999999 per window")
        return cls(Positive(int(limit)), duration(window))

    def __str__(self) -> str:
        return f"{self.limit}/{self.window}s"


@dataclass(frozen=True, slots=True)
class Bitrate:
    """Bits per second; written ``800kbit/s``, ``8Mbit/s`` or ``1Gbit/s``, in powers of ten as networks are."""

    bits_per_second: int

    pattern: ClassVar[str] = "[1-9][0-9]{0,8}[kMG]bit/s"
    example: ClassVar[str] = "8Mbit/s"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``8Mbit/s``; raise `ValueError` with what would be right."""
        number, unit = _number_and_unit(text)
        if unit not in _BITS or not _is_whole(number):
            right = f"a whole number and one of {', '.join(_BITS)}, such as 8Mbit/s; bytes are not bits"
            raise ValueError(f"{text!r} is not a bit rate; write {right}")
        return cls(int(number) * _BITS[unit])

    def __str__(self) -> str:
        return _in_largest(self.bits_per_second, _BITS)


class Period(enum.Enum):
    """A stretch of the calendar, in UTC."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Size:
    """So many bytes; written ``256MiB`` or ``20GB``."""

    bytes: int

    pattern: ClassVar[str] = "[1-9][0-9]{0,8}([kMGT]B|[KMGT]iB)"
    example: ClassVar[str] = "256MiB"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``256MiB``; raise `ValueError` with what would be right."""
        number, unit = _number_and_unit(text)
        if unit not in _BYTES or not _is_whole(number):
            raise ValueError(f"{text!r} is not a size; write a whole number and one of {', '.join(_BYTES)}, as 256MiB")
        return cls(int(number) * _BYTES[unit])

    def __str__(self) -> str:
        return _in_largest(self.bytes, _BYTES)


@dataclass(frozen=True, slots=True)
class Volume:
    """So many bytes in each day or month of the calendar, in UTC; written ``500GB/month`` or ``20GiB/day``."""

    size: int
    period: Period

    pattern: ClassVar[str] = "[1-9][0-9]{0,8}([kMGT]B|[KMGT]iB)/(day|month)"
    example: ClassVar[str] = "500GB/month"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``500GB/month``; raise `ValueError` with what would be right."""
        amount, slash, period = text.partition("/")
        number, unit = _number_and_unit(amount)
        if not slash or unit not in _BYTES or not _is_whole(number) or period not in {it.value for it in Period}:
            right = f"a whole number, one of {', '.join(_BYTES)}, and /day or /month, such as 500GB/month"
            raise ValueError(f"{text!r} is not a volume; write {right}")
        return cls(int(number) * _BYTES[unit], Period(period))

    def __str__(self) -> str:
        return f"{_in_largest(self.size, _BYTES)}/{self.period.value}"


def _is_whole(number: str) -> bool:
    return number.isascii() and number.isdigit() and not number.startswith("0") and bool(number)


def _number_and_unit(text: str) -> tuple[str, str]:
    """What begins with digits, in its two parts; a number too long to mean anything is no number."""
    found = re.fullmatch(r"([0-9]{1,9})(.*)", text, re.DOTALL)
    return (found[1], found[2]) if found else ("", text)


def _in_largest(amount: int, units: dict[str, int]) -> str:
    """An amount in the largest unit that leaves a whole number."""
    unit = max((unit for unit, size in units.items() if amount % size == 0), key=lambda it: units[it], default="")
    return f"{amount // units[unit]}{unit}" if unit else str(amount)
