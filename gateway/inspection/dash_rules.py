"""What can be wrong with a DASH manifest (ISO/IEC 23009-1): what it must have, and what it says of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from gateway.inspection import representation_rules
from gateway.inspection.dash import edge_of
from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.media_rules import STALE_SECONDS
from gateway.inspection.mpd import Mpd, Period
from gateway.inspection.playlist import moment
from gateway.inspection.timeline import extent_of, offset_of
from gateway.manifests.duration import seconds

_DURATIONS = (
    "mediaPresentationDuration",
    "minimumUpdatePeriod",
    "minBufferTime",
    "timeShiftBufferDepth",
    "suggestedPresentationDelay",
    "maxSegmentDuration",
)
_DATES = ("availabilityStartTime", "availabilityEndTime", "publishTime")
_SEGMENTS_BEHIND = 10


def find(mpd: Mpd, now: datetime) -> Iterator[Finding]:
    """What is wrong with a manifest at this time."""
    if mpd.trouble:
        right = "write well-formed XML in UTF-8 without a document type; players refuse anything else"
        yield error("not-well-formed", "the manifest", mpd.trouble, right)
    if mpd.is_cut:
        what = "The manifest has more elements than are read here: the rest is not told."
        yield warning("cut", "the manifest", what, "players load all of it, a live one again and again: shorten it")
    yield from _root(mpd)
    yield from (_dynamic(mpd, now) if mpd.is_live else _static(mpd))
    for period in mpd.periods:
        yield from representation_rules.of_period(period)


def _root(mpd: Mpd) -> Iterator[Finding]:
    root = mpd.root
    if root.name != "MPD":
        yield error("no-mpd", "the manifest", f"The root element is {shown(root.name)!r}.", "make it MPD")
        return
    if root.get("type") not in {"", "static", "dynamic"}:
        yield error("mpd-type", "MPD", f"type is {shown(root.get('type'))!r}.", "write static or dynamic")
    yield from _written(mpd)
    if not root.get("minBufferTime"):
        yield error("no-min-buffer-time", "MPD", "minBufferTime is missing.", 'write minBufferTime="PT2S"')
    if not mpd.periods and not mpd.trouble:
        yield error("no-periods", "the manifest", "There is no Period.", "list at least one")


def _written(mpd: Mpd) -> Iterator[Finding]:
    root = mpd.root
    for name in _DURATIONS:
        if root.get(name) and seconds(root.get(name)) is None:
            what = f"{name} is {shown(root.get(name))!r}, which is no duration."
            yield error("not-a-duration", "MPD", what, f'write as in {name}="PT1M30.5S"')
    for name in _DATES:
        if root.get(name) and moment(root.get(name)) is None:
            what = f"{name} is {shown(root.get(name))!r}, which is no date and time."
            yield error("not-a-date", "MPD", what, f'write as in {name}="2030-01-31T12:00:00Z"')


def _static(mpd: Mpd) -> Iterator[Finding]:
    if mpd.periods and mpd.duration is None:
        what = "Neither mediaPresentationDuration nor the last Period's duration is told."
        yield error("no-duration", "MPD", what, 'write mediaPresentationDuration="PT…S"')
    if mpd.root.get("minimumUpdatePeriod"):
        what = "A static manifest has a minimumUpdatePeriod."
        yield warning("static-updates", "MPD", what, 'write type="dynamic", or take it out: it is not asked for again')
    for period in () if mpd.is_cut else mpd.periods:
        yield from islice(_short(period), 1)


def _short(period: Period) -> Iterator[Finding]:
    """Representations whose timeline ends more than a segment before their period does; text may."""
    played = [group for group in period.sets if group.kind in {"video", "audio"}]
    for each in (each for group in played for each in group.representations):
        extent = extent_of(each.addressing, period.duration)
        if each.addressing.timeline is None or extent is None:
            continue
        if period.duration is None or extent.end is None or extent.longest is None:
            continue
        if period.duration - extent.end > extent.longest:
            ends, lasts = f"{extent.end:.10g} s", f"{period.duration:.10g} s"
            what = f"The SegmentTimeline ends at {ends}, and its period lasts {lasts}: players wait there for more."
            right = "correct mediaPresentationDuration, or the Period's duration, or list what is missing"
            offset, first = offset_of(each.addressing), each.addressing.timeline.steps[0]
            if first.time is None and offset:
                early = f"{offset / each.addressing.timescale:.10g} s before its period by presentationTimeOffset"
                what = (
                    f"The first S of the SegmentTimeline has no t: it starts at 0, {early}, and ends at {ends} of it."
                )
                right = f'write the time of the first segment, mostly the offset: t="{offset}"'
            yield error("timeline-short", each.where, what, right)


def _dynamic(mpd: Mpd, now: datetime) -> Iterator[Finding]:
    root, starts = mpd.root, mpd.starts
    if not root.get("availabilityStartTime"):
        what = "A dynamic manifest has no availabilityStartTime: no player can tell which segments there are."
        yield error("no-start-time", "MPD", what, 'write availabilityStartTime="…Z"')
    elif starts and starts > now:
        what = (
            f"availabilityStartTime is {(starts - now).total_seconds():.0f} s in the future: nothing can be played yet."
        )
        yield warning("start-in-future", "MPD", what, "if it should play now, set the packager's clock")
    if not root.get("publishTime"):
        yield warning("no-publish-time", "MPD", "A dynamic manifest has no publishTime.", 'write publishTime="…Z"')
    period = seconds(root.get("minimumUpdatePeriod"))
    if period is not None and period <= 0:
        what = "minimumUpdatePeriod is 0: some players ask for the manifest without a pause."
        yield warning(
            "update-period-zero", "MPD", what, "write a segment's duration, unless events in the media tell it"
        )
    if root.first("UTCTiming") is None:
        what = (
            "A dynamic manifest has no UTCTiming: a player whose clock is wrong asks for segments that are not there."
        )
        right = 'add <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="…"/>'
        yield warning("no-utc-timing", "MPD", what, right)
    yield from _freshness(mpd, now)


def _freshness(mpd: Mpd, now: datetime) -> Iterator[Finding]:
    edge = edge_of(mpd)
    if edge is None:
        return
    behind = (now - edge).total_seconds()
    if behind > max(_SEGMENTS_BEHIND * (seconds(mpd.root.get("maxSegmentDuration")) or 0), STALE_SECONDS):
        what = f"By its timeline, the newest segment ended {behind:.0f} s ago."
        right = (
            'if the stream has ended, write type="static"; else look at the packager, a cache before it, and its clock'
        )
        yield warning("stale", "the manifest", what, right)
