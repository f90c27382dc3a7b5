"""Whether an answer is the resource that was asked for: its status, its form, its length, in that order.

Each step is judged until something is wrong with it: what is behind that would only be its shadow.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.form import Form, boxes, has_tracks, iso_end
from gateway.diagnosis.redaction import plain, quoted
from gateway.diagnosis.seen import Got, Part, Seen
from gateway.diagnosis.statuses import status_finding
from gateway.inspection.mpeg_ts import PACKET
from gateway.origins.client import MOST_REDIRECTS
from gateway.origins.pattern import address_of
from gateway.problem import (
    AddressNotPublic,
    InvalidUrl,
    OriginNotAllowed,
    OriginTimedOut,
    OriginUnreachable,
    OwnAddress,
    Problem,
    RedirectNotAllowed,
    TooManyRedirects,
)

KEY_BYTES = 16
_MANIFESTS = {Part.MANIFEST, Part.PLAYLIST}


def answer_findings(seen: Seen) -> Iterator[Finding]:
    """What is wrong with the answer itself, if anything is: one finding at most that stops."""
    weight = Weight.STOPS if seen.step.needed else Weight.HARMS
    finding = _refused(seen, weight) or status_finding(seen, weight) or _form(seen, weight) or _length(seen, weight)
    if finding:
        yield finding


def _finding(seen: Seen, weight: Weight, code: str, cause: str, change: str) -> Finding:
    return Finding(code, weight, cause, change, (seen.step.name,))


def _refused(seen: Seen, weight: Weight) -> Finding | None:
    problem = seen.refusal
    if problem is None:
        return None
    if isinstance(problem, OriginNotAllowed):
        return _not_allowed(seen, weight, problem)
    if isinstance(problem, InvalidUrl):
        cause = f"the address of {seen.step.name} is none that the gateway takes"
        return _finding(seen, weight, "url", cause, _detail(problem))
    if problem.status == 403:
        return _finding(seen, weight, "tier", _detail(problem), "give the key a tier that may, or change the tier")
    return _unreachable(seen, weight, problem)


def _unreachable(seen: Seen, weight: Weight, problem: Problem) -> Finding:
    host = seen.hops[-1].url.authority if seen.hops else "the origin"
    if isinstance(problem, OriginTimedOut):
        change = "look at the origin's load and the network, or raise stall_timeout for it in tiers.yaml"
        return _finding(seen, weight, "timeout", f"{host} does not answer in time for {seen.step.name}", change)
    if isinstance(problem, TooManyRedirects):
        cause = f"{seen.step.name} is redirected again and again, and the gateway follows {MOST_REDIRECTS} times"
        change = f"let {host} answer with the media itself: mostly such redirects lead in a circle"
        return _finding(seen, weight, "redirect", cause, change)
    cause = f"{host} gives no answer for {seen.step.name}: {_detail(problem)}"
    check = problem.check if isinstance(problem, OriginUnreachable) else ""
    return _finding(seen, weight, "unreachable", cause, f"check {check}" if check else "look at the origin's log")


def _not_allowed(seen: Seen, weight: Weight, problem: Problem) -> Finding:
    name = seen.step.name
    if isinstance(problem, RedirectNotAllowed):
        cause = f"{name} is redirected to an address that the gateway does not fetch"
        return _finding(seen, weight, "redirect", cause, _detail(problem))
    if not seen.hops:
        return _finding(seen, weight, "origin_not_allowed", f"{name} is not to be had: {_detail(problem)}", "")
    url = seen.hops[-1].url
    moved = (
        f"{name} is redirected to {url.origin}, which" if len(seen.hops) > 1 else f"{name} lies at {url.origin}, which"
    )
    if isinstance(problem, AddressNotPublic):
        cause = f"{moved} leads to a private address ({problem.kind})"
        change = "name the address itself under origins in tiers.yaml, by its number, if the gateway is to reach it"
        return _finding(seen, weight, "private_address", cause, change)
    if isinstance(problem, OwnAddress):
        change = "ask for the origin's own address"
        return _finding(seen, weight, "own_address", f"{moved} is the gateway itself", change)
    cause = f"{moved} is not among the origins in tiers.yaml"
    return _finding(seen, weight, "origin_not_allowed", cause, adding(url.origin))


def adding(origin: str) -> str:
    """What mends an origin that is not allowed."""
    host = urlsplit(origin).hostname or ""
    private = ", a private address, which has to be named by its number" if address_of(host) else ""
    return f"add {origin} to origins in tiers.yaml if media may come from there{private}"


def _detail(problem: Problem) -> str:
    told = plain(problem.detail or problem.error).rstrip(".")
    return told[:1].lower() + told[1:] if told[:4] in {"The ", "That"} else told


def _form(seen: Seen, weight: Weight) -> Finding | None:
    got, step, form = seen.good, seen.step, seen.form
    if got is None or step.part is Part.CLOCK:
        return None
    if got.broken and not got.body:
        cause = f"{step.name} does not arrive: {_detail(got.broken)}"
        return _finding(
            seen, weight, "unreadable", cause, "have the origin send it as its Content-Encoding says, or without one"
        )
    if step.part is Part.KEY:
        return _key(seen, weight, got)
    if form is Form.EMPTY:
        return _finding(seen, weight, "empty", f"{step.name} is empty", "look at what the origin stores there")
    if not _fits(seen, form):
        return _misfit(seen, weight, form)
    return None


def _fits(seen: Seen, form: Form) -> bool:
    part = seen.step.part
    if part in _MANIFESTS:
        return form in {Form.HLS, Form.DASH}
    if seen.step.encrypted and part is Part.SEGMENT:
        return not form.is_message  # what is encrypted looks like anything
    if part is Part.MAP:
        start = seen.good.body if seen.good else b""
        return "moov" in boxes(start) if form is Form.ISO else has_tracks(start)
    return form.is_media


def _misfit(seen: Seen, weight: Weight, form: Form) -> Finding:
    name, got = seen.step.name, seen.good
    wanted = {Part.MAP: "an initialization segment", Part.SEGMENT: "media", Part.FILE: "media"}.get(
        seen.step.part, "a manifest"
    )
    said = quoted(got.body, seen.url.partition("?")[2]) if got and form.is_message else ""
    words = f" (“{said}”)" if said else ""
    status = got.head.status if got else 0
    code = f"{form.name.lower()}_instead"
    if form is Form.COMPRESSED:
        change = "let the origin say Content-Encoding: gzip, or store it uncompressed"
        return _finding(seen, weight, code, f"{name} is compressed with gzip, and the origin does not say so", change)
    if form is Form.TEXT and got and b"-->" in got.body:
        cause = f"{name} is no WebVTT, which begins with WEBVTT: it is SubRip, or lacks that line"
        return _finding(seen, weight, code, cause, "write WEBVTT first, and a point in times: 00:00:01.500")
    cause = f"the origin answers {status} to the request for {name}, with {form.value}{words} instead of {wanted}"
    change = _HIDDEN if form is Form.BYTES and seen.step.part is Part.SEGMENT else _SAID
    return _finding(seen, weight, code, cause, change)


_SAID = "correct the address, or what the origin does with it: a login, an error page sent as 200, or a block"
_HIDDEN = "look at what is stored there: so begins media that is encrypted, of which the manifest names no key"


def _key(seen: Seen, weight: Weight, got: Got) -> Finding | None:
    if got.size == KEY_BYTES:
        return None
    what = f"{seen.form.value}, " if seen.form.is_message and got.size > KEY_BYTES else ""
    cause = f"{seen.step.name} is {what}{got.size} bytes long, where AES-128 has a key of {KEY_BYTES}"
    change = "let the key's address answer with the 16 bytes of the key, raw, not in hexadecimal or base64"
    change = _SAID if seen.form in {Form.HTML, Form.JSON, Form.XML} else change
    return _finding(seen, weight, "key_length", cause, change)


def _length(seen: Seen, weight: Weight) -> Finding | None:
    got, step = seen.good, seen.step
    if got is None:
        return None
    if got.broken:
        told = got.head.length
        of = f" of {told}" if told is not None else ""
        cause = f"{step.name} breaks off after {got.size}{of} bytes: {_detail(got.broken)}"
        change = "look at whether the origin's Content-Length is right, and its file whole"
        return _finding(seen, weight, "cut_short", cause, change)
    if step.part in {Part.SEGMENT, Part.FILE} and (coding := got.head.coding):
        cause = f"the origin sends {step.name} with Content-Encoding: {plain(coding, 20)}, though it was not asked to"
        change = "let it send media without: it is compressed already, and not every player undoes that"
        return _finding(seen, Weight.HARMS, "coded", cause, change)
    if step.encrypted and step.part is Part.SEGMENT and got.whole and got.size % KEY_BYTES:
        cut = "it is cut short, or not encrypted"
        cause = f"{step.name} has {got.size} bytes, which is no multiple of 16 as AES-128 makes it: {cut}"
        return _finding(seen, weight, "not_padded", cause, "package it anew, or correct the manifest's EXT-X-KEY")
    return _cut_boxes(seen, weight, got)


def _cut_boxes(seen: Seen, weight: Weight, got: Got) -> Finding | None:
    """MPEG-TS comes in packets of 188 bytes; the boxes of an MP4 say where they end."""
    if seen.step.encrypted or seen.step.part not in {Part.SEGMENT, Part.FILE}:
        return None
    size = got.size if got.whole else got.head.length if got.head.status == 200 else None
    if size is None:
        return None
    if seen.form is Form.TS and size % PACKET:
        packet = f"no multiple of the {PACKET} of an MPEG-TS packet"
        cause = f"{seen.step.name} has {size} bytes, which is {packet}: it is cut short"
        change = "look at whether the origin's Content-Length is right; if it is, package it anew"
        return _finding(seen, Weight.HARMS, "cut_short", cause, change)
    end = iso_end(got.body) if seen.form is Form.ISO else None
    if end is None or end <= size:
        return None
    cause = f"{seen.step.name} has {size} bytes where its boxes say {end}: it is cut short"
    plays_so_far = seen.step.part is Part.FILE and "mdat" in boxes(got.body) and "moov" in boxes(got.body)
    change = "package it anew" if seen.step.part is Part.SEGMENT else "put the whole file there"
    return _finding(seen, Weight.HARMS if plays_so_far else weight, "cut_short", cause, change)
