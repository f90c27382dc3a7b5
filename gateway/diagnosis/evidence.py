"""All that a diagnosis has seen, and all that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.diagnosis.answers import answer_findings
from gateway.diagnosis.clocks import clock_findings, skew_of
from gateway.diagnosis.finding import Finding, Weight, merged
from gateway.diagnosis.labels import label_findings
from gateway.diagnosis.live import Reread, live_findings
from gateway.diagnosis.seen import Got, Seen
from gateway.diagnosis.tracks import codec_findings
from gateway.diagnosis.web import cors_findings
from gateway.inspection import MediaPlaylist, Multivariant
from gateway.inspection.mpd import Mpd
from gateway.manifests import Kind


@dataclass(frozen=True)
class Evidence:
    """``steps`` in the order of the walk; ``page`` is the web origin that a browser named; ``media`` the media playlist
    that was walked, ``master`` what named it; ``rereads`` of live playlists, each with what came."""

    steps: tuple[Seen, ...]
    page: str
    kind: Kind | None = None
    master: Multivariant | None = None
    media: MediaPlaylist | None = None
    mpd: Mpd | None = None
    rereads: tuple[tuple[Reread, Got], ...] = ()


def findings(evidence: Evidence, noted: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """All that is wrong, the worst first; ``noted`` is what was found on the way."""
    return merged([*noted, *_findings(evidence)])


def _findings(evidence: Evidence) -> Iterator[Finding]:
    right = []
    for seen in evidence.steps:
        wrong = list(answer_findings(seen)) or list(codec_findings(seen))
        yield from wrong or label_findings(seen)
        right += [] if wrong else [seen]
    yield from cors_findings(right, evidence.page)
    yield from clock_findings(evidence.steps)
    for reread, got in evidence.rereads:
        yield from live_findings(reread, got, skew_of(got) or 0.0)
    if evidence.media is not None and not evidence.media.segments:
        what = "lists no segments"
        cause = f"the media playlist {what}"
        yield Finding("no_segments", Weight.STOPS, cause, "look at the encoder or the packager", ("the playlist",))
