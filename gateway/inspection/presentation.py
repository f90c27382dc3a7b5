"""What a presentation says of itself, whatever its format: all durations in seconds, bit rates in bits a second."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.inspection.codec import Codec
from gateway.inspection.encryption import Encryption
from gateway.inspection.finding import Finding


class Kind(enum.Enum):
    """What a resource is."""

    HLS_MULTIVARIANT = "hls-multivariant"
    HLS_MEDIA = "hls-media"
    DASH = "dash"
    MP4 = "mp4"
    FRAGMENTED_MP4 = "fragmented-mp4"
    MPEG_TS = "mpeg-ts"
    WEBM = "webm"
    AUDIO = "audio"
    SUBTITLES = "subtitles"
    IMAGE = "image"
    HTML = "html"
    OTHER = "other"


_RANGES = {16: "PQ", 18: "HLG", **dict.fromkeys((1, 6, 14, 15), "SDR")}


def video_range(transfer: int | None) -> str:
    """SDR, HLG or PQ by the number of transfer characteristics (ISO/IEC 23091-4); empty where there is no telling."""
    return _RANGES.get(transfer or 0, "")


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels, as they are coded: before they are turned, or stretched to their display."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of the whole, or of its pictures. ``video_range`` is SDR, HLG or PQ, empty where it is not told;
    ``audio`` and ``subtitles`` name the groups of renditions that go with it; ``uri`` is never told to a client."""

    bandwidth: int | None = None
    average_bandwidth: int | None = None
    codecs: tuple[Codec, ...] = ()
    size: Size | None = None
    frame_rate: float | None = None
    video_range: str = ""
    audio: str = ""
    subtitles: str = ""
    uri: str = ""


RenditionType = Literal["audio", "video", "subtitles", "closed-captions", "i-frames", "images", "other"]


@dataclass(frozen=True, slots=True)
class Rendition:
    """Sound, text or pictures beside the variants."""

    type: RenditionType
    group: str = ""
    name: str = ""
    language: str = ""
    is_default: bool = False
    is_forced: bool = False
    channels: str = ""
    bandwidth: int | None = None
    codecs: tuple[Codec, ...] = ()
    size: Size | None = None
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments that are listed, or that a template makes; the lengths are None where none is told."""

    count: int
    format: str = ""
    shortest: float | None = None
    longest: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What of a live presentation can be played: ``length`` back from its ``edge``, the time at which its last segment
    ends by the origin's clock; ``hold_back`` is how far behind the edge players should stay, ``reload`` how often they
    ask again, ``clock`` where they get the time."""

    length: float | None = None
    edge: datetime | None = None
    behind: float | None = None
    hold_back: float | None = None
    target_duration: float | None = None
    reload: float | None = None
    clock: str = ""


@dataclass(frozen=True, slots=True)
class LowLatency:
    """HLS has parts, blocking reload and delta updates; DASH the seconds by which a segment may be asked for before it
    is whole, and the latency that the service aims at."""

    parts: int = 0
    part_target: float | None = None
    part_hold_back: float | None = None
    blocking_reload: bool = False
    delta_updates: bool = False
    preload_hint: bool = False
    rendition_reports: int = 0
    availability_time_offset: float | None = None
    chunked: bool = False
    target_latency: float | None = None


@dataclass(frozen=True, slots=True)
class Presentation:
    """``live`` is None where there is no telling: a multivariant playlist alone does not say. ``features`` are named
    in words: content steering, interstitials, discontinuities."""

    kind: Kind
    live: bool | None = None
    duration: float | None = None
    window: Window | None = None
    variants: tuple[Variant, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    segments: Segments | None = None
    encryption: tuple[Encryption, ...] = ()
    low_latency: LowLatency | None = None
    features: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
