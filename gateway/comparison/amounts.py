"""What a policy's method ``allows`` tells, as a person would write it and compare it.

Its names are limits, of which one that is missing is no limit; or, if there is nothing but True and False, permissions,
of which one that is missing is not given. The numbers 1 and 0 are limits like any other.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.policy import Bitrate, Json, Period, Volume, written

NO_LIMIT = "no limit"
Allowed = Mapping[str, float]


def are_permissions(*allowed: Allowed) -> bool:
    """Whether these tell what may be done, not how much of it."""
    return all(isinstance(amount, bool) for each in allowed for amount in each.values())


def shown(name: str, amount: float) -> str:
    """An amount in the unit that its name tells."""
    if amount != int(amount):
        return f"{amount:.3g}"
    whole = int(amount)
    if name.startswith("bytes"):
        return str(Volume(whole, Period.DAY)).partition("/")[0]
    if name.startswith("bit/s"):
        return str(Bitrate(whole))
    return written(whole) if name.startswith("seconds") else str(whole)


def listed(allowed: Allowed) -> str:
    """All of it on one line; nothing if nothing is told."""
    if are_permissions(allowed):
        return ", ".join(name if amount else f"no {name}" for name, amount in allowed.items())
    return ", ".join(f"{name}: {shown(name, amount)}" for name, amount in allowed.items())


def covers(wide: str, narrow: str) -> bool:
    """Whether a permission holds another: any of a thing, or all subdomains of an origin."""
    head, any_of, _ = wide.partition(" any ")
    if any_of and narrow.startswith(f"{head} ") and " " not in narrow.removeprefix(f"{head} "):
        return True
    head, subdomains, tail = wide.partition("://*")
    return bool(subdomains) and narrow.startswith(f"{head}://") and narrow.endswith(tail)


def inline(told: Json) -> str:
    """A value on one line: ``limit 10, window 60``."""
    if isinstance(told, bool) or told is None:
        return {True: "yes", False: "no", None: "-"}[told]
    if isinstance(told, Mapping):
        return ", ".join(f"{name} {_nested(each)}" for name, each in told.items()) or "-"
    if isinstance(told, list | tuple):
        return "; ".join(inline(each) for each in told) or "-"
    return f"{told:,}" if isinstance(told, int) else str(told)


def _nested(told: Json) -> str:
    return f"({inline(told)})" if isinstance(told, Mapping | list | tuple) else inline(told)
