"""The text of CMCD, and what of it is of use to an operator.

Version 1 (CTA-5004) and version 2 (CTA-5004-B) are written as a Dictionary of Structured Fields (RFC 9651). Read here
is a little more than that grammar, for players that write custom keys with capitals, or names of their content in other
letters than ASCII. It takes some microseconds, half of what a parser of all of that RFC does: it is done for every
segment, and of what stands there only ten values are wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 2048
"""Characters of a text that is read; players write some 300."""

_LONGEST_SESSION = 64
_MOST_SECONDS = 86400
_MOST_KBITS = 10_000_000
"""What is beyond these is taken for a mistake, or for a wish to spoil sums."""

_KEY = r"[A-Za-z*][A-Za-z0-9_.*-]*+"
_BARE = (
    r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,3})?+(?![0-9.])"
    r'|"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*+"'
    r"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*+|\?[01]|:[A-Za-z0-9+/=]*+:|@-?[0-9]{1,15}(?![0-9]))"
)
_PARAMETERS = rf"(?:;\ *+{_KEY}(?:={_BARE})?+)*+"
_ITEM = _BARE + _PARAMETERS
_MEMBER = re.compile(
    rf"({_KEY})(?:=({_BARE}|\(\ *+(?:{_ITEM}(?:\ ++{_ITEM})*+)?+\ *+\)))?+{_PARAMETERS}"
    r"[ \t]*+(?:,[ \t]*+(?!\Z)|\Z)"
    r"|(?s:.+)"
)
"""A member, or all that is left where there is none: so a text is gone through once, whatever it is."""

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,3})?")
_OTHER_THAN_VIDEO = frozenset({"a", "c", "tt", "k", "m", "i", "o"})


@dataclass(frozen=True, slots=True)
class Report:
    """What one request tells. Times are in seconds, rates in kbit/s; None is what it does not tell, or not credibly."""

    is_well_formed: bool = True
    starved: bool = False
    """``bs``: the buffer has run dry since the last request."""

    starved_for: float = 0.0
    """``bsd``: for how long, told once when it is over."""

    starting: bool = False
    """``su``: the player is starting, seeking, or recovering."""

    buffer: float | None = None
    """``bl``: how much is buffered of what is asked for."""

    deadline: float | None = None
    """``dl``: when what is asked for has to be there, counted from the request. Players that start write 0."""

    start_delay: float | None = None
    """``msd``: how long it took from the wish to play to the first picture, told once."""

    latency: float | None = None
    """``ltc``: how far a live picture is behind."""

    bitrate: float | None = None
    """``br``: that of what is asked for, if it has video."""

    throughput: float | None = None
    """``mtp``: what the player measured of late."""

    session: str = ""
    """``sid``, printable, at most 64 characters: a name that the player has chosen for its viewing."""

    def is_missed_after(self, seconds: float) -> bool:
        """Whether the deadline is, by an answer that took so long. One that is over from the start is none."""
        return not self.starting and self.deadline is not None and 0 < self.deadline < seconds


MALFORMED = Report(is_well_formed=False)


def read(text: str) -> Report:
    """Read a text of at most `LONGEST` characters; what is no CMCD gives `MALFORMED`, unknown keys are passed over."""
    found = _members(text) if len(text) <= LONGEST else {"": ""}
    if "" in found:
        return MALFORMED
    kind = found.get("ot", "")
    return Report(
        starved=_is_true(found.get("bs")),
        starved_for=_sum_of_seconds(found.get("bsd", "")),
        starting=_is_true(found.get("su")),
        buffer=_seconds(found.get("bl"), kind),
        deadline=_seconds(found.get("dl"), kind),
        start_delay=_seconds(found.get("msd"), kind),
        latency=_seconds(found.get("ltc"), kind),
        bitrate=None if kind in _OTHER_THAN_VIDEO else _kbits(found.get("br"), kind),
        throughput=_kbits(found.get("mtp"), kind),
        session=_string(found.get("sid", "")),
    )


def _members(text: str) -> dict[str, str]:
    """Keys, and their values as they are written, empty for a key alone; an empty key if the text is malformed. Of a
    key that stands twice the last counts (RFC 9651, section 4.2.2)."""
    return dict(_MEMBER.findall(text.strip(" \t"))) or {"": ""}


def _is_true(value: str | None) -> bool:
    return value is not None and value in {"", "?1"}


def _seconds(value: str | None, kind: str) -> float | None:
    number = None if value is None else _number(value, kind)
    return None if number is None or number > _MOST_SECONDS * 1000 else number / 1000


def _kbits(value: str | None, kind: str) -> float | None:
    number = None if value is None else _number(value, kind)
    return None if number is None or number > _MOST_KBITS else number


def _number(value: str, kind: str) -> float | None:
    """A number; of a list (version 2) the one for a kind of object, or else the first."""
    if value.startswith("("):
        items = _items(value)
        value = items.get(kind) or next(iter(items.values()), "")
    return float(value) if _NUMBER.fullmatch(value) else None


def _items(value: str) -> Mapping[str, str]:
    """The numbers of a list by their kinds: ``(3000;v 128;a)``."""
    parted = (item.partition(";") for item in reversed(value[1:-1].split()))
    return dict(reversed([(kind, number) for number, _, kind in parted if _NUMBER.fullmatch(number)]))


def _sum_of_seconds(value: str) -> float:
    numbers = [item.partition(";")[0] for item in value.strip("()").split()]
    seconds = sum(float(number) for number in numbers if _NUMBER.fullmatch(number)) / 1000
    return seconds if seconds <= _MOST_SECONDS else 0.0


def _string(value: str) -> str:
    """What is within the quotes, if that is fit for a log."""
    text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else ""
    return text if len(text) <= _LONGEST_SESSION and text.isprintable() else ""
