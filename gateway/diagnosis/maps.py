"""Whether a fragment can be read: what it holds is described in its initialization segment alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.diagnosis.finding import Finding, Weight
from gateway.diagnosis.form import Form, boxes
from gateway.diagnosis.seen import End, Part, Seen
from gateway.inspection.hls_format import WITH_MAP, ending_of


def map_findings(seen: Seen, steps: Sequence[Seen]) -> Iterator[Finding]:
    """The first segment, if it is a fragment of MP4 without a description, and its manifest names none."""
    step = seen.step
    if step.end is not End.FIRST or seen.good is None:
        return
    if any(other.step.part is Part.MAP and other.step.of == step.of for other in steps):
        return
    inside = boxes(seen.good.body) if seen.form is Form.ISO and not step.encrypted else ()
    hidden = step.encrypted and ending_of(step.url) in WITH_MAP
    if hidden or ("moof" in inside and "moov" not in inside):
        cause = f"{step.name} is a fragment of MP4, and the manifest names no initialization segment to read it by"
        change = 'name it: #EXT-X-MAP:URI="…" before the first segment in HLS, initialization="…" in DASH'
        yield Finding("no_map", Weight.STOPS, cause, change, (step.name,))
