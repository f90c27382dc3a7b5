"""What can be wrong with low-latency HLS and with date ranges (draft-pantos-hls-rfc8216bis, sections 4.4.3.7,
4.4.3.8, 4.4.4.9 and 4.4.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.media_playlist import MediaPlaylist
from gateway.inspection.playlist import Tag, decimal, moment

_ROUNDING = 0.001
"""Seconds that a written duration may be off by."""


def of_low_latency(read: MediaPlaylist) -> Iterator[Finding]:
    """Parts, and what the server says that it can."""
    yield from _control(read)
    if read.parts or read.part_target is not None:
        yield from _parts(read)
    for name, needed in (("PRELOAD-HINT", ("TYPE", "URI")), ("RENDITION-REPORT", ("URI", "LAST-MSN"))):
        for tag in read.playlist.tags(f"EXT-X-{name}"):
            if missing := [attribute for attribute in needed if not tag[attribute]]:
                yield error(
                    "attribute-missing", tag.where, f"#EXT-X-{name} has no {missing[0]}.", f"write {missing[0]}=…"
                )


def _control(read: MediaPlaylist) -> Iterator[Finding]:
    where = next((tag.where for tag in read.playlist.tags("EXT-X-SERVER-CONTROL")), "the playlist")
    target, control = read.target_duration, read.server_control
    for name, times in (("HOLD-BACK", 3), ("CAN-SKIP-UNTIL", 6)):
        told = decimal(control.get(name, ""))
        if told is not None and target is not None and told < times * target - _ROUNDING:
            what = f"{name} is {told:g} s, less than {times} target durations of {target} s."
            yield error("hold-back", where, what, f"write at least {name}={times * target}")
    if "CAN-SKIP-DATERANGES" in control and "CAN-SKIP-UNTIL" not in control:
        what = "CAN-SKIP-DATERANGES stands without CAN-SKIP-UNTIL."
        yield error("skip-without-until", where, what, "write CAN-SKIP-UNTIL as well")


def _parts(read: MediaPlaylist) -> Iterator[Finding]:
    where = next((tag.where for tag in read.playlist.tags("EXT-X-SERVER-CONTROL")), "the playlist")
    target, hold_back = read.part_target, decimal(read.server_control.get("PART-HOLD-BACK", ""))
    if target is None:
        what = "There are parts, and no #EXT-X-PART-INF with a PART-TARGET."
        yield error("no-part-target", f"line {read.parts[0].line}" if read.parts else "the playlist", what, "write one")
        return
    long = [part for part in read.parts if (part.duration or 0) > target + _ROUNDING]
    if long:
        what = (
            f"{len(long)} parts are longer than the PART-TARGET of {target:g} s, as this one of {long[0].duration:g} s."
        )
        yield error("part-too-long", f"line {long[0].line}", what, "write the longest part's duration as PART-TARGET")
    if hold_back is None:
        what = "There is a PART-TARGET, and no PART-HOLD-BACK."
        yield error("no-part-hold-back", where, what, f"write #EXT-X-SERVER-CONTROL:PART-HOLD-BACK={3 * target:g}")
    elif hold_back < 2 * target - _ROUNDING:
        what = f"PART-HOLD-BACK is {hold_back:g} s, less than twice the PART-TARGET of {target:g} s."
        yield error("part-hold-back", where, what, f"write PART-HOLD-BACK={3 * target:g}")
    elif hold_back < 3 * target - 3 * _ROUNDING:
        what = f"PART-HOLD-BACK is {hold_back:g} s, less than three times the PART-TARGET of {target:g} s."
        yield warning("part-hold-back", where, what, f"write PART-HOLD-BACK={3 * target:g}, or players may stall")
    if read.is_live and read.server_control.get("CAN-BLOCK-RELOAD") != "YES":
        what = "There are parts, and no blocking reload: players have to poll for each part."
        yield warning("no-blocking-reload", where, what, "let the origin hold a reload, and write CAN-BLOCK-RELOAD=YES")


def of_date_ranges(read: MediaPlaylist) -> Iterator[Finding]:
    """Section 4.4.5.1."""
    tags = read.playlist.tags("EXT-X-DATERANGE")
    if tags and not read.playlist.tags("EXT-X-PROGRAM-DATE-TIME") and not read.skipped:
        what = "There are date ranges, and no #EXT-X-PROGRAM-DATE-TIME to place them by."
        yield error("date-range-without-time", tags[0].where, what, "give at least one segment its date and time")
    by_id: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_id[tag["ID"]].append(tag)
        yield from _date_range(tag)
    for name, same in by_id.items():
        if name and not any(tag["START-DATE"] for tag in same) and not read.skipped:
            what = f"The date range {shown(name)!r} has no START-DATE."
            yield error("date-range-start", same[0].where, what, 'write when it begins: START-DATE="…"')


def _date_range(tag: Tag) -> Iterator[Finding]:
    if not tag["ID"]:
        yield error("date-range-id", tag.where, "A date range has no ID.", "give it one that no other has")
    for name in ("START-DATE", "END-DATE"):
        if tag[name] and moment(tag[name]) is None:
            what = f"{name} is {shown(tag[name])!r}, which is no date and time."
            yield error("date-range-date", tag.where, what, f'write as in {name}="2030-01-31T12:00:00.000Z"')
    for name in ("DURATION", "PLANNED-DURATION"):
        length = decimal(tag[name])
        if tag[name] and (length is None or length < 0):
            what = f"{name} is {shown(tag[name])!r}."
            yield error("date-range-duration", tag.where, what, "write seconds, not below zero")
    yield from _end(tag)


def _end(tag: Tag) -> Iterator[Finding]:
    start, end = moment(tag["START-DATE"]), moment(tag["END-DATE"])
    if start and end and end < start:
        yield error("date-range-end", tag.where, "A date range ends before it begins.", "write a later END-DATE")
    if tag["END-ON-NEXT"] and not tag["CLASS"]:
        yield error("date-range-class", tag.where, "END-ON-NEXT stands without a CLASS.", "name the CLASS that ends it")
    if tag["END-ON-NEXT"] and (tag["DURATION"] or tag["END-DATE"]):
        what = "END-ON-NEXT stands beside a DURATION or an END-DATE."
        yield error("date-range-end", tag.where, what, "keep the one or the other")
