"""All that a diagnosis has seen, and all that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.diagnosis.answers import answer_findings
from gateway.diagnosis.clocks import clock_findings, skew_of
from gateway.diagnosis.finding import Finding, Weight, merged
from gateway.diagnosis.labels import label_findings
from gateway.diagnosis.live import Reread, live_findings
from gateway.diagnosis.maps import map_findings
from gateway.diagnosis.redaction import plain
from gateway.diagnosis.rules import licence_findings
from gateway.diagnosis.seen import Got, Part, Seen
from gateway.diagnosis.timestamps import timestamp_findings
from gateway.diagnosis.tracks import codec_findings
from gateway.diagnosis.web import cors_findings
from gateway.inspection import MediaPlaylist, Multivariant
from gateway.inspection.mpd import Mpd
from gateway.manifests import Kind


@dataclass(frozen=True)
class Evidence:
    """``steps`` in the order of the walk; ``page`` is the web origin that a browser named; ``media`` the media playlist
    that was walked, ``master`` what named it; ``rereads`` of live playlists, each with what came; ``glanced`` counts
    the segments between the first and the last that were asked for, of which ``steps`` has those that are not there."""

    steps: tuple[Seen, ...]
    page: str
    kind: Kind | None = None
    master: Multivariant | None = None
    media: MediaPlaylist | None = None
    mpd: Mpd | None = None
    rereads: tuple[tuple[Reread, Got], ...] = ()
    glanced: int = 0

    @property
    def inner(self) -> int:
        """How many segments of the media playlist lie between the first and the last."""
        listed = self.media.segments if self.media else ()
        return max(sum(not segment.gap for segment in listed) - 2, 0)

    @property
    def has_media(self) -> bool:
        """Whether any of what would be played has been looked at."""
        return any(seen.step.part in {Part.SEGMENT, Part.FILE} for seen in self.steps)


def findings(evidence: Evidence, noted: Sequence[Finding] = ()) -> tuple[Finding, ...]:
    """All that is wrong, the worst first; ``noted`` is what was found on the way."""
    return merged([*noted, *_findings(evidence)])


def _findings(evidence: Evidence) -> Iterator[Finding]:
    right = []
    for seen in evidence.steps:
        wrong = list(answer_findings(seen)) or list(codec_findings(seen)) or list(map_findings(seen, evidence.steps))
        yield from wrong or label_findings(seen)
        right += [] if wrong else [seen]
    yield from cors_findings(right, evidence.page)
    yield from clock_findings(evidence.steps)
    at = next((seen.got.at for seen in evidence.steps if seen.got), 0.0)
    yield from licence_findings(evidence.mpd or evidence.media, at)
    yield from timestamp_findings(right, evidence.media)
    for reread, got in evidence.rereads:
        yield from live_findings(reread, got, skew_of(got) or 0.0)
    yield from _empty(evidence)


def _empty(evidence: Evidence) -> Iterator[Finding]:
    """Manifests that name nothing to play."""
    media, master, mpd = evidence.media, evidence.master, evidence.mpd
    if media is not None and not media.segments and not media.parts:
        change = "look at the encoder or the packager"
        yield Finding("no_segments", Weight.STOPS, "the media playlist lists no segments", change, ("the playlist",))
    if media is not None and media.segments and all(segment.gap for segment in media.segments):
        cause = "every segment of the media playlist is marked #EXT-X-GAP: players ask for none of them"
        change = "look at the encoder or the packager, which had nothing to write"
        yield Finding("all_gaps", Weight.STOPS, cause, change, ("the playlist",))
    if master is not None and not any(variant.uri for variant in master.variants):
        change = "list at least one, with its URI on the next line"
        yield Finding(
            "no_variants", Weight.STOPS, "the multivariant playlist lists no variant", change, ("the manifest",)
        )
    if mpd is not None and not any(group.representations for period in mpd.periods for group in period.sets):
        cause = "the manifest lists no representation" + (
            f" that can be read ({plain(mpd.trouble)})" * bool(mpd.trouble)
        )
        yield Finding("no_representations", Weight.STOPS, cause, "correct the manifest", ("the manifest",))
