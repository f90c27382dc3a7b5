"""What an answer says of itself, against what it is: its content type, its range support, its pace."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.form import Form
from gateway.diagnosis.seen import Got, Part, Seen
from gateway.inspection.mp4 import read_mp4
from gateway.manifests import kind_of

SLOW = 2.0
"""Seconds to the first byte that a viewer notices at every seek, and a live player has no reserve for."""

_BINARY = frozenset({"application/octet-stream", "binary/octet-stream", "application/x-binary", "application/unknown"})
_RIGHT = {
    Form.HLS: "application/vnd.apple.mpegurl",
    Form.DASH: "application/dash+xml",
    Form.TS: "video/mp2t",
    Form.ISO: "video/mp4",
    Form.WEBM: "video/webm",
    Form.AUDIO: "audio/aac, audio/mpeg or audio/ac3, say",
    Form.WEBVTT: "text/vtt",
}
_OF_MEDIA = re.compile(r"(?:video|audio)/.+|application/(?:mp4|mp2t|x-mpegts|ogg|ttml\+xml|iso\.segment)")
_BLOCKED = re.compile(r"text/(?:plain|html|json|xml)|application/(?:json|xml)|.+\+(?:json|xml)")
"""Tried in Chromium 156, with the nosniff that the gateway sends with everything; other types play."""
_CONTENT_RANGE = re.compile(r"bytes 0-1/(?:[0-9]+|\*)")


def label_findings(seen: Seen) -> Iterator[Finding]:
    """What is labelled wrongly of an answer that is right."""
    got = seen.good
    if got is None:
        return
    yield from _type(seen, got)
    yield from _range(seen)
    yield from _pace(seen, got)
    yield from _index(seen, got)


def says_its_form(got: Got, form: Form) -> bool:
    """Whether the content type may stand for what the bytes are."""
    told = got.content_type
    if form in {Form.HLS, Form.DASH}:
        by_type = kind_of(told, b"")
        return by_type is not None and by_type.name == form.name
    if form is Form.WEBVTT:
        return told in {"text/vtt", "text/plain", *_BINARY}
    return bool(_OF_MEDIA.fullmatch(told)) or told in _BINARY


def _type(seen: Seen, got: Got) -> Iterator[Finding]:
    form, part, name = seen.form, seen.step.part, seen.step.name
    right = _RIGHT.get(form)
    if right is None or part is Part.KEY or says_its_form(got, form):
        return
    told = got.content_type
    says = f"the origin calls {name} {told} though it is {form.value}" if told else f"the origin says no type of {name}"
    change = f"let the origin send Content-Type: {right}"
    if part in {Part.MANIFEST, Part.PLAYLIST}:
        yield Finding("type", Weight.DIRECT, says, change, (name,))
    elif part is Part.FILE and _BLOCKED.fullmatch(told):
        cause = (
            f"{says}: browsers block that in <video> (opaque response blocking, by the nosniff that the gateway adds)"
        )
        yield Finding("type", Weight.STOPS, cause, change, (name,))
    else:
        yield Finding("type", Weight.HARMS if part is Part.FILE else Weight.NOTE, says, change, (name,))


def _range(seen: Seen) -> Iterator[Finding]:
    probe, step = seen.ranged, seen.step
    if step.span and seen.good is not None and (wrong := _other_part(seen.good, step.span)):
        cause = f"the origin answers {step.span}, which the manifest names, with {wrong}: {step.name}"
        yield Finding("ranges", Weight.STOPS, cause, _RANGES, (step.name,))
        return
    if probe is None or step.part not in {Part.SEGMENT, Part.MAP, Part.FILE}:
        return
    what = range_trouble(probe)
    if not what:
        return
    if step.span:
        cause = f"the manifest names a part of a file, and the origin {what}: {step.name}"
        yield Finding("ranges", Weight.STOPS, cause, _RANGES, (step.name,))
    elif step.part is Part.FILE:
        cause = f"the origin {what}, so that nobody can seek, and Safari does not even begin"
        yield Finding("ranges", Weight.HARMS, cause, _RANGES, (step.name,))
    else:
        cause = f"the origin {what}; whole segments are asked for without one"
        yield Finding("ranges", Weight.NOTE, cause, _RANGES, (step.name,))


_RANGES = "let the origin answer a Range with 206 and Content-Range (RFC 9110, section 14)"


def _other_part(got: Got, span: str) -> str:
    """Which other part came than that which was asked for; empty if none did, or the whole."""
    told = got.head.get("Content-Range")
    first = span.removeprefix("bytes=").partition("-")[0]
    is_other = got.head.status == 206 and not told.removeprefix("bytes ").startswith(f"{first}-")
    return f"Content-Range: {told[:40] or 'nothing'}" if is_other else ""


def range_trouble(probe: Got) -> str:
    """What is wrong with the answer to ``bytes=0-1``; empty if nothing is."""
    status, told = probe.head.status, probe.head.get("Content-Range")
    if status == 200:
        return "answers a range with the whole (200)"
    if status != 206:
        return f"answers a range with {status}"
    if not _CONTENT_RANGE.fullmatch(told):
        return f"answers bytes=0-1 with Content-Range: {told[:40] or 'nothing'}"
    return "" if probe.size in {0, 2} else f"answers bytes=0-1 with {probe.size} bytes"


def _pace(seen: Seen, got: Got) -> Iterator[Finding]:
    if got.seconds < SLOW:
        return
    cause = f"the origin takes {got.seconds:.1f} s to begin {seen.step.name}"
    change = (
        "look at the origin's load and at what it makes on demand; players wait 5 to 20 s, and begin that much later"
    )
    yield Finding("slow", Weight.HARMS, cause, change, (seen.step.name,))


def _index(seen: Seen, got: Got) -> Iterator[Finding]:
    """An MP4 whose index stands behind its media, so that a player has to ask for the end before it can begin."""
    if seen.step.part is not Part.FILE or seen.form is not Form.ISO:
        return
    movie = read_mp4(got.body, 0, got.head.length)
    if movie.fragmented or movie.index_first or movie.moov_at is None:
        return
    without = seen.ranged is not None and bool(range_trouble(seen.ranged))
    weight = Weight.HARMS if without else Weight.NOTE
    cause = "the file's index (moov) stands behind its media" + (": without ranges all of it is loaded first" * without)
    change = "move it to the front: ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4"
    yield Finding("index_at_end", weight, cause, change, (seen.step.name,))
