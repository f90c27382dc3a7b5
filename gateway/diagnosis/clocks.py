"""Clocks: the origin's Date field against this machine's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.utils import parsedate_to_datetime
from statistics import median
from urllib.parse import urlsplit

from gateway.cache.freshness import told_age
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.seen import Got, Seen
from gateway.diagnosis.times import ahead, span
from gateway.inspection.mpd import Mpd

NOTICED = 5.0
"""Seconds of difference that are told: Date has whole seconds, and the answer was under way for some."""


def skew_of(got: Got) -> float | None:
    """By how many seconds the origin's clock is ahead of this machine's (behind, if negative), or None where it tells
    no time. What a cache on the way kept is as much older as its Age says (RFC 9111, section 4.2.3)."""
    try:
        date = parsedate_to_datetime(got.head.get("Date")).timestamp()
    except (ValueError, TypeError):
        return None
    difference = date + told_age(got.head) + 0.5 - (got.at - got.seconds / 2)
    return 0.0 if abs(difference) < 1.5 + got.seconds else difference


def skews(steps: Iterable[Seen]) -> dict[str, float]:
    """The skew of each host that was asked, in seconds."""
    told: dict[str, list[float]] = {}
    for seen in steps:
        skew = skew_of(seen.got) if seen.got else None
        if skew is not None:
            told.setdefault(urlsplit(seen.url).netloc, []).append(skew)
    return {host: median(each) for host, each in told.items()}


def clock_findings(steps: Sequence[Seen]) -> Sequence[Finding]:
    """Clocks that are off: noted, for what comes of it is told where it comes of it."""
    off = {host: skew for host, skew in skews(steps).items() if abs(skew) >= NOTICED}
    return [
        Finding(
            "clock",
            Weight.NOTE,
            f"the clock of {host} is {apart(skew)} this machine's: live edges and signed addresses go by clocks",
            "set the clocks by NTP, this machine's too",
            (host,),
        )
        for host, skew in off.items()
    ]


def apart(skew: float) -> str:
    """``7 min ahead of``, ``12 s behind``."""
    return f"{span(skew)} {'ahead of' if skew > 0 else 'behind'}"


def begun(mpd: Mpd, now: float) -> bool:
    """Whether a presentation has begun at a time, in seconds since the epoch by the clock that players go by."""
    return not mpd.is_live or mpd.starts is None or mpd.starts.timestamp() <= now


def begin_findings(mpd: Mpd, now: float, name: str) -> Sequence[Finding]:
    """That it has not; what would be asked for before is missing because of that alone."""
    if begun(mpd, now) or mpd.starts is None:
        return []
    begins = f"begins {ahead(mpd.starts.timestamp(), now)} by its availabilityStartTime"
    cause = f"the manifest {begins}: players ask for nothing before"
    change = "wait for it; if it should play now, set the clock of the packager, and that which UTCTiming names"
    return [Finding("not_begun", Weight.STOPS, cause, change, (name,))]


def clock_finding(missing: Seen, skew: float, *, has_timing: bool) -> Finding:
    """A live segment that the origin has by its own clock, and not by the one that players go by."""
    by = "the clock that its UTCTiming names" if has_timing else "their own clocks"
    status = missing.got.head.status if missing.got else 0
    off = f"the origin's clock is {apart(skew)} this machine's"
    cause = f"{off}, and players reckon by {by} which live segments there are: the origin answers {status}"
    change = "set the origin's clock by NTP" + ("" if has_timing else ", and add UTCTiming to the manifest")
    return Finding("clock_skew", Weight.STOPS, cause, change, (missing.step.name,))


BEFORE = (30.0, 120.0, 600.0, 3600.0)
"""Seconds ago of which a live segment is asked for where there is none of now."""


def stopped_finding(missing: Seen, before: float) -> Finding:
    """A live segment that players reckon to be there and is not, where that of so many seconds before is."""
    status = missing.got.head.status if missing.got else 0
    lacks = f"the origin does not have {missing.step.name} ({status}), and has that of {span(before)} before"
    change = "look at the encoder: it writes no segments; if it only is late, let availabilityStartTime say so"
    return Finding(
        "stale", Weight.STOPS, f"{lacks}: none has come since, or all come late", change, (missing.step.name,)
    )
