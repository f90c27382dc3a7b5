"""What can be wrong within a period of a DASH manifest: in adaptation sets, representations, and their templates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from gateway.inspection.codec import read_codecs
from gateway.inspection.codec_rules import of_codecs
from gateway.inspection.finding import Finding, error, shown, warning
from gateway.inspection.mpd import LONGEST, AdaptationSet, Addressing, Period, Representation
from gateway.inspection.timeline import first_gap

_IDENTIFIER = re.compile(r"\$([^$]*)\$")
_KNOWN = re.compile(r"|RepresentationID|(?:Number|Time|Bandwidth|SubNumber)(?:%0[0-9]+[dxXo])?")


def of_period(period: Period) -> Iterator[Finding]:
    """What is wrong with one period."""
    has_remote = any(name.endswith(":href") for name in period.element.attributes)
    if not period.sets and not has_remote:
        right = "list the media, or take the period out"
        yield error("no-adaptation-sets", period.where, "The period has no AdaptationSet.", right)
    ids = Counter(each.get("id") for group in period.sets for each in group.representations)
    for name, count in ids.items():
        if name and count > 1:
            what = f"{count} representations have the id {shown(name)!r}."
            yield error("id-repeated", period.where, what, "give each in a period an id of its own")
    for group in period.sets:
        yield from _of_set(group)
    yield from _timelines(period)


def _of_set(group: AdaptationSet) -> Iterator[Finding]:
    remote = any(name.endswith(":href") for name in group.element.attributes)
    if not group.representations and not remote:
        what = "The adaptation set has no Representation."
        yield error("no-representations", group.where, what, "list at least one")
    for each in group.representations:
        yield from _of_representation(each, group.kind)
        yield from _of_addressing(each)
    yield from _mixed(group)
    yield from _same_urls(group)


def _of_representation(each: Representation, kind: str) -> Iterator[Finding]:
    for name, right in (("id", 'id="v1"'), ("mimeType", 'mimeType="video/mp4"')):
        if not each.get(name):
            yield error("attribute-missing", each.where, f"A representation has no {name}.", f"write {right}")
    if each.number("bandwidth") is None:
        what = f"bandwidth is {shown(each.get('bandwidth'))!r}." if each.get("bandwidth") else "There is no bandwidth."
        yield error("no-bandwidth", each.where, what, 'write bits a second: bandwidth="2500000"')
    if kind in {"video", "audio"} and not each.get("codecs"):
        what = "A representation has no codecs: players load media to find out, or refuse."
        yield warning("no-codecs", each.where, what, 'write codecs="avc1.64001f"')
    yield from of_codecs(read_codecs(each.get("codecs")), each.where)


def _of_addressing(each: Representation) -> Iterator[Finding]:
    addressing = each.addressing
    if addressing.how and addressing.timescale == 0:
        yield error("timescale-zero", each.where, "timescale is 0.", 'write ticks a second: timescale="1000"')
    if addressing.how != "SegmentTemplate" or len(addressing.media) == LONGEST:
        return
    yield from _of_template(addressing, each.where)


def _timelines(period: Period) -> Iterator[Finding]:
    """Each once, for many representations may share one."""
    found = {id(each.addressing.timeline): each for group in period.sets for each in group.representations[::-1]}
    for each in found.values():
        timeline = each.addressing.timeline
        if timeline is not None and any(step.duration <= 0 for step in timeline.steps):
            what = "An S of the SegmentTimeline has no duration above 0."
            yield error("timeline", each.where, what, 'write its length in ticks: d="…"')
        elif gap := first_gap(each.addressing):
            what = f"The SegmentTimeline lists nothing from {gap[0]:.10g} s to {gap[1]:.10g} s: players jump, or stop."
            yield warning("timeline-gap", each.where, what, "list what is missing, or begin a Period where it goes on")


def _of_template(addressing: Addressing, where: str) -> Iterator[Finding]:
    """Section 5.3.9.4.4."""
    for name in ("media", "initialization"):
        unknown = [
            told for told in _IDENTIFIER.findall(addressing.attributes.get(name, "")) if not _KNOWN.fullmatch(told)
        ]
        if unknown:
            what = f"The {name} template has ${shown(unknown[0])}$, which stands for nothing."
            yield error("template-identifier", where, what, "use $RepresentationID$, $Number$, $Time$ or $Bandwidth$")
    told = {found.partition("%")[0] for found in _IDENTIFIER.findall(addressing.media)}
    if addressing.media and not told & {"Number", "Time"}:
        what = "The media template has neither $Number$ nor $Time$: all segments have one URL."
        yield error("template-constant", where, what, "put $Number$ or $Time$ into it")
    if addressing.timeline is None and addressing.duration is None and addressing.media:
        what = "The template has neither a duration nor a SegmentTimeline: no player knows when a segment starts."
        yield error("template-without-duration", where, what, "write duration, or a SegmentTimeline")


def _mixed(group: AdaptationSet) -> Iterator[Finding]:
    """Players switch within a set, and few change decoders as they do."""
    first: frozenset[str] | None = None
    for each in group.representations:
        names = frozenset(codec.name for codec in read_codecs(each.get("codecs")))
        if not names:
            continue
        first = names if first is None else first
        if names != first:
            told = f"{' and '.join(sorted(names))}, others {' and '.join(sorted(first))}"
            what = f"Representations of one adaptation set differ in their coding: this one has {shown(told, 120)}."
            yield warning("mixed-codecs", each.where, what, "give each codec an adaptation set of its own")
            return


def _same_urls(group: AdaptationSet) -> Iterator[Finding]:
    """Two representations whose template is the same, with nothing in it that tells them apart."""
    seen: set[str] = set()
    for each in group.representations:
        media = each.addressing.media
        told = {found.partition("%")[0] for found in _IDENTIFIER.findall(media)}
        if not media or told & {"RepresentationID", "Bandwidth"} or each.element.first("BaseURL"):
            continue
        if media in seen:
            what = "Two representations of the adaptation set have the same segment URLs."
            yield error(
                "same-urls", each.where, what, "put $RepresentationID$ into the template, or give each a BaseURL"
            )
            return
        seen.add(media)
