"""A media file by its first bytes, told as a presentation: MP4, WebM, MPEG-TS, and what little others say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.inspection.codec import Codec
from gateway.inspection.encryption import Encryption
from gateway.inspection.finding import Finding, error, warning
from gateway.inspection.mp4 import Movie, Track, is_mp4
from gateway.inspection.mpeg_ts import is_ts, read_streams
from gateway.inspection.packed_audio import read_audio
from gateway.inspection.presentation import Kind, Presentation, Rendition, RenditionType, Size, Variant, video_range
from gateway.inspection.webm import Webm, WebmTrack

_BOM = b"\xef\xbb\xbf"
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x1a\x45\xdf\xa3", Kind.WEBM),
    (b"\x1f\x43\xb6\x75", Kind.WEBM),  # a cluster, as a segment has it (RFC 9559, section 5.1.3)
    (b"\x1c\x53\xbb\x6b", Kind.WEBM),  # cues, which index a file (section 5.1.5)
    (b"WEBVTT", Kind.SUBTITLES),
    (b"ID3", Kind.AUDIO),
    (b"fLaC", Kind.AUDIO),
    (b"OggS", Kind.AUDIO),
    (b"\x0b\x77", Kind.AUDIO),
    (b"\x89PNG", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
)
_AUDIO_FRAME = re.compile(rb"\xff(?:[\xf0\xf1\xf8\xf9]|[\xe2-\xe5\xf2-\xf5\xfa-\xfd])")
"""Where a frame begins of AAC (ADTS; ISO/IEC 13818-7, section 6.2), or of MP3 or MP2 (ISO/IEC 11172-3, section 2.4.1.3,
and the lower rates of MPEG-2 and 2.5). Layer I is left out: so begins a text in UTF-16."""

_HTML = re.compile(
    rb"(?:\s|<\?xml[^>]{0,200}\?>|<!--.{0,1000}?-->)*<(?:!doctype\s+html|html|head|body|title|script)\b", re.I | re.S
)
_IN_RIFF = {b"WEBP": Kind.IMAGE, b"WAVE": Kind.AUDIO}
_TYPES: dict[str, RenditionType] = {"audio": "audio", "text": "subtitles"}


def kind_of_file(start: bytes, content_type: str) -> Kind:
    """What a file that starts like this is; by its content type where its bytes leave it open."""
    plain = start.removeprefix(_BOM)
    if is_mp4(start):
        return Kind.MP4
    if is_ts(start):
        return Kind.MPEG_TS
    if _HTML.match(plain[:4096]):
        return Kind.HTML
    if plain[:4] == b"RIFF" and plain[8:12] in _IN_RIFF:
        return _IN_RIFF[plain[8:12]]
    if _AUDIO_FRAME.match(start):
        return Kind.AUDIO
    family = content_type.partition("/")[0].strip().lower()
    told = {"audio": Kind.AUDIO, "image": Kind.IMAGE}.get(family, Kind.OTHER)
    return next((kind for magic, kind in _MAGIC if plain.startswith(magic)), told)


def tell_movie(movie: Movie, size: int | None) -> Presentation:
    """What an MP4 of so many bytes says."""
    video = [track for track in movie.tracks if track.handler == "video"]
    others = [track for track in movie.tracks if track.handler != "video"]
    rate = int(size * 8 / movie.duration) if size and movie.duration and not movie.fragmented else None
    return Presentation(
        kind=Kind.FRAGMENTED_MP4 if movie.fragmented else Kind.MP4,
        live=None if movie.fragmented else False,
        duration=movie.duration,
        variants=tuple(_variant(track, rate) for track in video),
        renditions=tuple(_rendition(track) for track in others),
        encryption=(Encryption("cenc"),) if any(track.is_encrypted for track in movie.tracks) else (),
        features=("chapters",) if movie.has_chapters else (),
    )


def tell_webm(webm: Webm, size: int | None) -> Presentation:
    """What a WebM of so many bytes says."""
    video = [track for track in webm.tracks if track.handler == "video"]
    others = [track for track in webm.tracks if track.handler != "video"]
    rate = int(size * 8 / webm.duration) if size and webm.duration else None
    return Presentation(
        kind=Kind.WEBM,
        duration=webm.duration,
        variants=tuple(_webm_variant(track, rate) for track in video),
        renditions=tuple(_webm_rendition(track) for track in others),
        encryption=(Encryption("AES-CTR"),) if any(track.is_encrypted for track in webm.tracks) else (),
        features=("chapters",) if webm.has_chapters else (),
    )


def _webm_variant(track: WebmTrack, rate: int | None) -> Variant:
    return Variant(
        average_bandwidth=rate,
        codecs=_codecs(track),
        size=_size(track),
        frame_rate=track.frame_rate,
        video_range=video_range(track.transfer),
    )


def _webm_rendition(track: WebmTrack) -> Rendition:
    return Rendition(
        type=_TYPES.get(track.handler, "other"),
        name=track.name,
        language=track.language,
        is_default=track.is_default,
        is_forced=track.is_forced,
        channels=str(track.channels or ""),
        codecs=_codecs(track),
    )


def _variant(track: Track, rate: int | None) -> Variant:
    frames = round(track.samples / track.duration, 3) if track.samples and track.duration else None
    return Variant(
        average_bandwidth=rate,
        codecs=_codecs(track),
        size=_size(track),
        frame_rate=frames,
        video_range=video_range(track.transfer),
    )


def _size(track: Track | WebmTrack) -> Size | None:
    return Size(track.width, track.height) if track.width and track.height else None


def _rendition(track: Track) -> Rendition:
    return Rendition(
        type=_TYPES.get(track.handler, "other"),
        language=track.language,
        channels=str(track.channels or ""),
        codecs=_codecs(track),
    )


def _codecs(track: Track | WebmTrack) -> tuple[Codec, ...]:
    return (track.codec,) if track.codec else ()


def tell_other(kind: Kind, start: bytes) -> Presentation:
    """What any other file says: of a transport stream its elementary streams, of sound its coding."""
    if kind is Kind.AUDIO and (told := read_audio(start)):
        codec, channels = told
        return Presentation(kind=kind, renditions=(Rendition("audio", channels=str(channels or ""), codecs=(codec,)),))
    streams = read_streams(start) if kind is Kind.MPEG_TS else ()
    spoken = [stream for stream in streams if stream.language]
    return Presentation(
        kind=kind,
        variants=(Variant(codecs=tuple(stream.codec for stream in streams)),) if streams else (),
        renditions=tuple(
            Rendition(_TYPES.get(each.codec.family, "other"), language=each.language, codecs=(each.codec,))
            for each in spoken
        ),
    )


def of_webm(webm: Webm, size: int | None) -> Iterator[Finding]:
    """What is wrong with a WebM of so many bytes, None where that is not known."""
    if size is not None and webm.end is not None and webm.end > size:
        yield _cut_short(size, f"its segment says {webm.end}")


def _cut_short(size: int, told: str) -> Finding:
    what = f"The file has {size} bytes where {told}: it is cut short."
    return error("cut-short", "the file", what, "put the whole file there")


def of_movie(movie: Movie, size: int | None) -> Iterator[Finding]:
    """What is wrong with an MP4 of so many bytes, None where that is not known."""
    if movie.index_first is False:
        what = "The index (moov) stands behind the media: players ask for the end first, and some load all before it."
        right = "move it to the front: ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4"
        yield warning("index-at-end", "the file", what, right)
    if size is not None and movie.end > size:
        yield _cut_short(size, f"its boxes say {movie.end}")
        return
    if movie.index_first is None and not movie.fragmented:
        what = "No index (moov) was found: the file is cut short, or still being written."
        yield error("no-index", "the file", what, "finish the recording, or make the file anew")
    if movie.index_first is not None and movie.moov_at is not None:
        what = "The index is longer than what was read of it: tracks may be missing here."
        yield warning("cut", "the file", what, "nothing, if players start quickly enough")
