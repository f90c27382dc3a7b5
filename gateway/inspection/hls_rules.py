"""All that can be wrong with an HLS playlist."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.inspection import low_latency_rules, media_rules, multivariant_rules, playlist_rules
from gateway.inspection.finding import Finding, error
from gateway.inspection.media_playlist import MediaPlaylist, Segment
from gateway.inspection.multivariant import Multivariant
from gateway.inspection.presentation import Variant

_TOLERANCE = 1.1
"""Apple's: a segment's bit rate may be a tenth above the peak that is told."""


def find(read: Multivariant | MediaPlaylist, now: datetime) -> Iterator[Finding]:
    """What is wrong with a playlist of either kind, at this time."""
    yield from playlist_rules.of_playlist(read.playlist)
    if isinstance(read, Multivariant):
        yield from multivariant_rules.of_multivariant(read)
    else:
        yield from media_rules.of_media(read, now)
        yield from media_rules.stray_tags(read)
        yield from low_latency_rules.of_low_latency(read)
        yield from low_latency_rules.of_date_ranges(read)


def disagreements(variant: Variant, media: MediaPlaylist) -> Iterator[Finding]:
    """Where a variant's media playlist, by the sizes that it tells, is not what the multivariant says of it."""
    rates = [(rate, segment) for segment in media.segments if (rate := _rate(segment))]
    if variant.bandwidth is None or not rates:
        return
    peak, segment = max(rates, key=lambda pair: pair[0])
    if peak > variant.bandwidth * _TOLERANCE:
        what = f"A segment has {peak:.0f} bits a second, above the variant's BANDWIDTH of {variant.bandwidth}."
        right = "write the peak of the segments as BANDWIDTH; players choose by it, and stall"
        yield error("bandwidth-too-low", f"line {segment.line} of its media playlist", what, right)


def _rate(segment: Segment) -> float:
    """Bits a second as far as the playlist tells, else zero. A segment of less than half a second is no measure."""
    if segment.byte_range is not None and segment.duration and segment.duration >= 0.5:
        return segment.byte_range.length * 8 / segment.duration
    return float(segment.bitrate or 0)
