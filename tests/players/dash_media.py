"""DASH presentations for tests: small, made by FFmpeg, and told of in manifests as each test wants them."""

from __future__ import annotations

import struct
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import av

SECONDS = 12
KEY, KID = "00112233445566778899aabbccddeeff", "000102030405060708090a0b0c0d0e0f"
_FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov+default_base_moof+dash+global_sidx"}
_ENCRYPTED = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": KEY, "encryption_kid": KID}


@dataclass(frozen=True)
class Track:
    """A fragmented MP4 file with an index of one-second fragments, and where that lies."""

    content: bytes
    index: tuple[int, int]
    """First and last byte."""

    @classmethod
    def make(cls, folder: Path, *, encrypted: bool = False) -> Self:
        """Twelve seconds of video. The system's FFmpeg encodes it; the one that ``av`` brings along fragments it, for
        only newer ones encrypt fragments."""
        clear, file = folder / "clear.mp4", folder / "video.mp4"
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=160x90:r=10", "-t", str(SECONDS)]
        command += ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "10", "-keyint_min", "10"]
        subprocess.run([*command, "-sc_threshold", "0", str(clear)], check=True, timeout=60)
        options = _FRAGMENTED | (_ENCRYPTED if encrypted else {})
        with av.open(str(clear)) as source, av.open(str(file), "w", format="mp4", options=options) as made:
            stream = made.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    made.mux(packet)
        content = file.read_bytes()
        at = next(at for at, size, name in _boxes(content) if name == b"sidx")
        size = struct.unpack_from(">I", content, at)[0]
        return cls(content, (at, at + size - 1))

    @property
    def initialization(self) -> bytes:
        """What comes before the index."""
        return self.content[: self.index[0]]

    @property
    def segments(self) -> list[bytes]:
        """One second each."""
        starts = [at for at, _, name in _boxes(self.content) if name == b"moof"]
        ends = [*starts[1:], next(at for at, _, name in _boxes(self.content) if name == b"mfra")]
        return [self.content[start:end] for start, end in zip(starts, ends, strict=True)]


def _boxes(content: bytes) -> list[tuple[int, int, bytes]]:
    """Place, size and name of each box of a file (ISO/IEC 14496-12, section 4.2)."""
    found, at = [], 0
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        found.append((at, size, name))
        at += size
    return found


MPD = (
    'xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' profiles="urn:mpeg:dash:profile:full:2011" minBufferTime="PT1S"'
)
_SECOND = '<S d="1000"/>'
REPRESENTATION = 'id="v" bandwidth="40000" codecs="avc1.42C00B" width="160" height="90" frameRate="10"'


NUMBERED = (
    '<AdaptationSet id="1" mimeType="video/mp4" segmentAlignment="true"><SegmentTemplate timescale="1000"'
    ' duration="1000" media="v-$Number$.m4s" initialization="v.mp4" startNumber="0"/>'
    f"<Representation {REPRESENTATION}/></AdaptationSet>"
)
"""A track in segments of a second each."""


def static(periods: str) -> bytes:
    """A manifest of the whole track."""
    return f'<MPD {MPD} type="static" mediaPresentationDuration="PT{SECONDS}S">{periods}</MPD>'.encode()


def on_demand(track: Track, bases: str, protection: str = "") -> bytes:
    """A manifest of one file."""
    first, last = track.index
    return (
        f'<MPD {MPD} type="static" mediaPresentationDuration="PT{SECONDS}S"><Period>'
        f'<AdaptationSet mimeType="video/mp4" segmentAlignment="true">{protection}<Representation {REPRESENTATION}>'
        f'{bases}<SegmentBase indexRange="{first}-{last}"><Initialization range="0-{first - 1}"/></SegmentBase>'
        "</Representation></AdaptationSet></Period></MPD>"
    ).encode()


@dataclass(frozen=True)
class Live:
    """A presentation that has been going on for six seconds when it is made, and gains one each second to the end of
    its track, beneath a folder; ``began`` is in seconds since the epoch."""

    track: Track
    began: float
    folder: str

    @property
    def count(self) -> int:
        """Segments that there are by now."""
        return min(int(time.time() - self.began), SECONDS)

    def manifest(self, inside: str = "", patched: str = "") -> bytes:
        """With what else is to stand in it, and where its patches are, if it has any."""
        count = self.count
        location = f"<PatchLocation ttl='60'>{patched}?from={count}</PatchLocation>" if patched else ""
        return (
            f'<MPD {MPD} id="live" type="dynamic" availabilityStartTime="{_date(self.began)}"'
            f' publishTime="{_date(self.began + count)}" minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT60S"'
            f' suggestedPresentationDelay="PT2S">{inside}{location}<Period id="p" start="PT0S">'
            '<AdaptationSet id="1" mimeType="video/mp4" segmentAlignment="true"><SegmentTemplate timescale="1000"'
            ' media="v-$Number$.m4s" initialization="v.mp4" startNumber="0"><SegmentTimeline><S t="0" d="1000"/>'
            f"{_SECOND * (count - 1)}</SegmentTimeline></SegmentTemplate>"
            f"<Representation {REPRESENTATION}/></AdaptationSet></Period></MPD>"
        ).encode()

    def patch(self, since: int, patched: str) -> bytes:
        """What is new since there were so many segments; waits until something is."""
        while self.count <= since < SECONDS:
            time.sleep(0.05)
        count = self.count
        timeline = "/MPD/Period[@id='p']/AdaptationSet[@id='1']/SegmentTemplate/SegmentTimeline"
        return (
            '<Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="live"'
            f' originalPublishTime="{_date(self.began + since)}" publishTime="{_date(self.began + count)}">'
            f'<replace sel="/MPD/@publishTime">{_date(self.began + count)}</replace>'
            f'<replace sel="/MPD/PatchLocation[1]"><PatchLocation ttl="60">{patched}?from={count}'
            "</PatchLocation></replace>"
            f'<add sel="{timeline}">{_SECOND * (count - since)}</add></Patch>'
        ).encode()


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
