"""The stream's HLS playlists (draft-pantos-hls-rfc8216bis), as they read at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from demo.live.stream import BEGINNING, PARTS, SEGMENT, WINDOW, Place, Rendition, last_whole

PART_TARGET = 1.024
"""Seconds of the longest part: 32 frames of audio. None is shorter than 85 % of it (section 4.4.4.9)."""

SKIP_UNTIL = 6 * SEGMENT
"""Seconds from the end before which a delta update may skip segments (section 4.4.3.8)."""

_PARTS_KEPT = 3
"""Segments at the end whose parts are told (section 4.4.4.9)."""


class Latency(StrEnum):
    """Which of the two HLS presentations; the value is the name of its playlists."""

    USUAL = "live"
    LOW = "low-latency"


def multivariant(latency: Latency, renditions: Mapping[str, Rendition]) -> str:
    """The multivariant playlist: two video renditions and their common audio."""
    text = f"""#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Chords",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="1",\
URI="audio/{latency}.m3u8"
"""
    audio_peak, audio_mean = renditions["audio"].bits_per_second()
    for name, size in (("360p", "640x360"), ("180p", "320x180")):
        peak, mean = renditions[name].bits_per_second()
        text += f"""\
#EXT-X-STREAM-INF:BANDWIDTH={peak + audio_peak},AVERAGE-BANDWIDTH={mean + audio_mean},\
CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION={size},FRAME-RATE=24.000,AUDIO="audio"
{name}/{latency}.m3u8
"""
    return text


def sliding_window(newest: Place) -> str:
    """A media playlist of whole segments."""
    last = last_whole(newest)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{SEGMENT}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [f"#EXT-X-MEDIA-SEQUENCE:{last - WINDOW + 1}", '#EXT-X-MAP:URI="init.mp4"']
    for number in range(last - WINDOW + 1, last + 1):
        lines += _segment(number)
    return "\n".join([*lines, ""])


def low_latency(newest: Place, own: Rendition, all_renditions: Mapping[str, Rendition]) -> str:
    """A media playlist with the parts at its end, the hint to the next one, and reports of the other renditions."""
    first = last_whole(newest) - WINDOW + 1
    lines = [*_low_latency_head(7, first), '#EXT-X-MAP:URI="init.mp4"']
    return "\n".join([*lines, *_low_latency_body(first, newest, own, all_renditions), ""])


def delta_update(newest: Place, own: Rendition, all_renditions: Mapping[str, Rendition]) -> str:
    """The same playlist without the segments before the skip boundary (section 6.2.5.1)."""
    first = last_whole(newest) - WINDOW + 1
    ends = (newest.segment * PARTS + newest.part + 1) * SEGMENT / PARTS
    skipped = int((ends - SKIP_UNTIL) // SEGMENT) - first
    lines = [*_low_latency_head(9, first), f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"]
    return "\n".join([*lines, *_low_latency_body(first + skipped, newest, own, all_renditions), ""])


def _low_latency_head(version: int, first: int) -> list[str]:
    text = f"""#EXTM3U
#EXT-X-VERSION:{version}
#EXT-X-TARGETDURATION:{SEGMENT}
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART_TARGET:.3f},HOLD-BACK={3 * SEGMENT:.3f},\
CAN-SKIP-UNTIL={SKIP_UNTIL:.3f}
#EXT-X-PART-INF:PART-TARGET={PART_TARGET:.3f}
#EXT-X-MEDIA-SEQUENCE:{first}"""
    return text.splitlines()


def _low_latency_body(
    first: int, newest: Place, own: Rendition, all_renditions: Mapping[str, Rendition]
) -> Iterator[str]:
    last = last_whole(newest)
    for number in range(first, last + 1):
        segment = _segment(number)
        if number > last - _PARTS_KEPT:
            segment[1:1] = [_part(own, Place(number, part)) for part in range(PARTS)]
        yield from segment
    if newest.segment > last:
        yield _date(newest.segment)
        yield from (_part(own, Place(newest.segment, part)) for part in range(newest.part + 1))
    yield f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{_part_name(newest.next)}"'
    for name in all_renditions:
        if name != own.name:
            yield (
                f'#EXT-X-RENDITION-REPORT:URI="../{name}/{Latency.LOW}.m3u8",'
                f"LAST-MSN={newest.segment},LAST-PART={newest.part}"
            )


def _segment(number: int) -> list[str]:
    return [_date(number), f"#EXTINF:{SEGMENT:.5f},", f"{number}.m4s"]


def _date(number: int) -> str:
    begins = datetime.fromtimestamp(BEGINNING + number * SEGMENT, UTC)
    return f"#EXT-X-PROGRAM-DATE-TIME:{begins:%Y-%m-%dT%H:%M:%S}.000Z"


def _part(own: Rendition, place: Place) -> str:
    independent = ",INDEPENDENT=YES" if own.is_independent(place) else ""
    return f'#EXT-X-PART:DURATION={own.seconds(place):.5f},URI="{_part_name(place)}"{independent}'


def _part_name(place: Place) -> str:
    return f"{place.segment}.{place.part}.m4s"
