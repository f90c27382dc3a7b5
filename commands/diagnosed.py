"""A diagnosis, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from commands import paint
from gateway.diagnosis.clocks import NOTICED, apart, skew_of
from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.redaction import plain, shown
from gateway.diagnosis.report import Report, ranges_told
from gateway.diagnosis.seen import Got, Hop, Part, Seen
from gateway.diagnosis.verdict import Outcome
from gateway.diagnosis.web import ANY_PAGE, reading

_WORDS = {
    Weight.STOPS: paint.bad("stops"),
    Weight.HARMS: paint.odd("harms"),
    Weight.DIRECT: paint.odd("directly"),
    Weight.NOTE: paint.dim("note"),
}
_VERDICTS = {Outcome.PLAYS: paint.good, Outcome.DOES_NOT: paint.bad, Outcome.UNKNOWN: paint.odd}


def lines(report: Report) -> Iterator[str]:
    """What was asked, each step, each finding, and the verdict."""
    yield paint.strong(shown(report.address.url))
    yield paint.dim(paint.broken("  ".join(_asked(report)), 0))
    yield ""
    yield from _steps(report)
    if glanced := report.evidence.glanced:
        yield f"  between the first and the last: {glanced} of {report.evidence.inner} segments asked for, by two bytes"
    for reread, _ in report.evidence.rereads:
        word = "goes on" if reread.changed else paint.bad("does not go on")
        yield f"  live: {reread.name} {word} within {reread.waited:.1f} s (target duration {reread.target:g} s)"
    own = [finding for finding in report.findings if not finding.player]
    if own:
        yield ""
        yield from paint.aligned([row for finding in own for row in _finding(finding)])
    yield from _players(report)
    if report.incomplete:
        yield ""
        yield paint.odd(paint.broken(f"! not all was looked at: {report.incomplete}", 2, 0))
    yield ""
    yield _VERDICTS[report.verdict.outcome](paint.broken(f"= {report.verdict.sentence}", 2, 0))


def _asked(report: Report) -> Iterator[str]:
    if report.address.gateway:
        yield f"by an address at {plain(report.address.gateway)}"
    if who := report.identity:
        yield f"for the key {who.key_id} of {who.client}, on the tier {who.tier}"
    yield f"for a page of {plain(report.page)}" if report.page else "for any page"
    yield f"{report.requests} requests in {report.seconds:.1f} s"


def _steps(report: Report) -> Iterator[str]:
    """A line for each, what came at its end or, where the terminal is too narrow, below it; then how it was come by."""
    steps = report.evidence.steps
    heads = [_head(at, seen) for at, seen in enumerate(steps, 1)]
    lines = paint.aligned([(*head, _came(seen)) for head, seen in zip(heads, steps, strict=True)])
    is_narrow = any("\n" in line or 0 < paint.columns() < len(click.unstyle(line)) for line in lines)
    inner = " " * (4 + max((len(head[0]) for head in heads), default=0))
    for line, seen in zip(paint.aligned(heads) if is_narrow else lines, steps, strict=True):
        yield line
        if is_narrow:
            yield inner + paint.broken(_came(seen), len(inner))
        got = seen.got
        for more in (*_way(seen.hops), *(_probes(seen, got, report) if got and got.is_good else ())):
            yield inner + paint.dim(paint.broken(more, len(inner)))


def _head(number: int, seen: Seen) -> tuple[str, str, str]:
    if seen.got is None:
        return str(number), seen.step.name, paint.bad("none")
    status = str(seen.got.head.status)
    return str(number), seen.step.name, paint.good(status) if seen.got.is_good else paint.bad(status)


def _came(seen: Seen) -> str:
    """What came, or why nothing did."""
    if seen.got is not None:
        return _answer(seen, seen.got)
    why = seen.refusal
    return f"{why.error}: {plain(why.detail)}" if why and why.detail else why.error if why else ""


def _answer(seen: Seen, got: Got) -> str:
    size = f"{got.size} bytes" if got.whole else f"{got.size} bytes read"
    told = plain(got.head.get("Content-Type"), 60) or "no type"
    hidden = got.is_good and seen.step.encrypted and seen.step.part is Part.SEGMENT
    form = "encrypted, and not looked into" if hidden else seen.form.value
    return f"{told}, {form}, {size}, first byte after {got.seconds * 1000:.0f} ms"


def _way(hops: Sequence[Hop]) -> Iterator[str]:
    for hop in hops:
        moved = f" answers {hop.status}, and on to" if hop is not hops[-1] else ""
        entry = f" (origins: {hop.entry})" if hop.entry else " (no entry of origins)"
        yield f"{shown(hop.url.href)}{entry}{moved}"


def _probes(seen: Seen, got: Got, report: Report) -> Iterator[str]:
    if ranges := ranges_told(seen):
        yield "ranges: yes" if ranges == "yes" else f"ranges: no, the origin {ranges}"
    if seen.paged is not None:
        page = report.evidence.page
        told = reading(seen.paged, page)
        directly = "yes" if told.readable and seen.paged.is_good else "no"
        allowed = f" (only {plain(told.allows, 60)})" if told.allows and not told.readable else ""
        hidden = f" (without {', '.join(told.hidden)})" if told.readable and told.hidden else ""
        through = "yes" if report.admits_page else "no"
        who = "a page" if page == ANY_PAGE else plain(page)
        yield f"{who}, directly: {directly}{allowed}{hidden}; through the gateway: {through}"
    skew = skew_of(got)
    if skew is not None and abs(skew) >= NOTICED:
        yield f"the origin's clock is {apart(skew)} this machine's"
    if cache := got.head.get("Cache-Control"):
        yield f"Cache-Control: {plain(cache, 60)}"


def _finding(finding: Finding) -> Iterator[list[str]]:
    where = f" [{_listed(finding.where)}]" if len(finding.where) > 1 else ""
    yield [_WORDS[finding.weight], finding.cause + where]
    if finding.change:
        yield ["", paint.dim(f"-> {finding.change}")]
    if finding.source:
        yield ["", paint.dim(f"   ({finding.source})")]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])}, and {more} more" if more > 1 else ", ".join(names)


_NAMED = 2
"""Steps of a finding that are named; ``--json`` names all."""


def _players(report: Report) -> Iterator[str]:
    """One player at length, or all in short."""
    found = [each for each in report.findings if each.player and report.player in {"", each.player}]
    if report.player:
        yield ""
        yield paint.strong(f"in {report.player}") + ("" if found else ": nothing is known to be in its way")
        yield from paint.aligned([row for finding in found for row in _finding(finding)])
        return
    shown_ones = [each for each in found if not each.by_nature]
    if shown_ones:
        yield ""
        yield paint.strong("players")
        yield from paint.aligned([[each.player, _WORDS[each.weight], each.cause] for each in shown_ones])
