"""Media in other containers than MP4 and MPEG-TS, made by FFmpeg: what is right is told to play."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.diagnosis.broken import MEDIA, Resource
from tests.diagnosis.conftest import Diagnose
from tests.scripted_origin import Origin

TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".webm": "video/webm",
    ".ac3": "audio/ac3",
    ".eac3": "audio/eac3",
    ".mp2": "audio/mpeg",
    ".mp3": "audio/mpeg",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=4")
SOUND = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=4")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "80k", "-g", "20")
MANIFEST = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:webm:dash:profile:webm-on-demand:2012"
  type="static" mediaPresentationDuration="PT4S" minBufferTime="PT1S">
  <Period>
    <AdaptationSet mimeType="video/webm">
      <Representation id="1" codecs="vp9" bandwidth="80000" width="160" height="90">
        <BaseURL>picture.webm</BaseURL>
        <SegmentBase indexRange="{index}"><Initialization range="{head}"/></SegmentBase>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
"""


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *arguments], check=True, timeout=120)


def serve(origin: Origin, folder: Path) -> None:
    """Serve what was made at ``/made/...``."""
    for file in folder.iterdir():
        origin.scripts[f"/made/{file.name}"] = Resource(file.read_bytes(), TYPES[file.suffix])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    return made


def test_dash_with_webm_segments_plays(diagnosed: Diagnose, media: Origin, made: Path) -> None:
    ffmpeg(*PICTURE, *SOUND, *VP9, "-c:a", "libopus", "-f", "dash", "-seg_duration", "2", "-dash_segment_type", "webm",
           "-adaptation_sets", "id=0,streams=v id=1,streams=a", str(made / "live.mpd"))  # fmt: skip
    serve(media, made)
    told = diagnosed("/made/live.mpd")
    assert (told.exit, told.codes(), told.sentence) == (0, [], "It plays.")
    assert told.step("the initialization segment of video 0")


def test_dash_with_webm_files_plays(diagnosed: Diagnose, media: Origin, made: Path) -> None:
    file = made / "picture.webm"
    ffmpeg(*PICTURE, *VP9, "-f", "webm", "-dash", "1", "-cues_to_front", "1", str(file))
    content = file.read_bytes()
    cues, media_at = content.index(b"\x1c\x53\xbb\x6b"), content.index(b"\x1f\x43\xb6\x75")
    (made / "files.mpd").write_text(MANIFEST.format(head=f"0-{cues - 1}", index=f"{cues}-{media_at - 1}"))
    serve(media, made)
    told = diagnosed("/made/files.mpd")
    assert (told.exit, told.codes(), told.sentence) == (0, [], "It plays.")


def test_webm_of_another_codec_than_told(diagnosed: Diagnose, media: Origin, made: Path) -> None:
    ffmpeg(*PICTURE, *VP9, "-f", "dash", "-seg_duration", "2", "-dash_segment_type", "webm", str(made / "live.mpd"))
    manifest = made / "live.mpd"
    right = manifest.read_text()
    assert 'codecs="vp09' in right or 'codecs="vp9' in right
    manifest.write_text(re.sub(r'codecs="vp0?9[^"]*"', 'codecs="av01.0.04M.08"', right))
    serve(media, made)
    told = diagnosed("/made/live.mpd")
    assert (told.exit, told.codes()) == (1, ["codecs"])
    assert "holds VP9 where the manifest says AV1" in told.sentence


def test_a_webm_initialization_segment_without_tracks_is_none(diagnosed: Diagnose, media: Origin, made: Path) -> None:
    ffmpeg(*PICTURE, *VP9, "-f", "dash", "-seg_duration", "2", "-dash_segment_type", "webm", str(made / "live.mpd"))
    segment = next(made.glob("chunk-*-00001.webm"))
    (made / "init-stream0.webm").write_bytes(segment.read_bytes())
    serve(media, made)
    told = diagnosed("/made/live.mpd")
    assert (told.exit, told.json["verdict"]["code"]) == (1, "webm_instead")


@pytest.mark.parametrize(
    ("ending", "codec", "muxer"),
    [
        ("ac3", "ac3", "ac3"),
        ("eac3", "eac3", "eac3"),
        ("mp2", "mp2", "mp2"),
        ("mp3", "libmp3lame", "mp3"),
        ("aac", "aac", "adts"),
    ],
)
def test_hls_with_packed_audio_plays(
    diagnosed: Diagnose, media: Origin, made: Path, ending: str, codec: str, muxer: str
) -> None:
    options = ["-write_xing", "0", "-id3v2_version", "0"] if muxer == "mp3" else []
    ffmpeg(*SOUND, "-c:a", codec, "-f", "segment", "-segment_time", "2", "-segment_format", muxer,
           "-segment_list", str(made / "index.m3u8"), *options, str(made / f"%d.{ending}"))  # fmt: skip
    serve(media, made)
    told = diagnosed("/made/index.m3u8")
    assert (told.exit, told.codes(), told.sentence) == (0, [], "It plays.")


@pytest.mark.parametrize("name", ["film.webm", "sound.ogg", "sound.flac", "sound.wav", "sound.mp3"])
def test_a_file_of_another_container_plays(diagnosed: Diagnose, media: Origin, made: Path, name: str) -> None:
    ffmpeg(*(PICTURE if name == "film.webm" else SOUND), str(made / name))
    serve(media, made)
    told = diagnosed(f"/made/{name}")
    assert (told.exit, told.codes(), told.sentence) == (0, [], "It plays.")


@pytest.mark.parametrize("kind", [b"wide", b"uuid", b"free", b"skip"])
def test_an_mp4_that_begins_with_another_box_than_most_plays(diagnosed: Diagnose, media: Origin, kind: bytes) -> None:
    movie = (MEDIA / "movie.mp4").read_bytes()
    media.scripts["/made/movie.mp4"] = Resource((24).to_bytes(4) + kind + bytes(16) + movie, "video/mp4")
    told = diagnosed("/made/movie.mp4")
    assert (told.exit, told.sentence) == (0, "It plays.")


@pytest.mark.parametrize(
    ("subtitles", "codes"),
    [
        (b'<?xml version="1.0"?>\n<!-- a -->\n<tt xmlns="http://www.w3.org/ns/ttml"/>', []),
        (b'<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"/>', []),
        (b'<?xml version="1.0"?>\n<Error/>', ["xml_instead"]),
    ],
)
def test_subtitles_in_a_ttml_file_are_what_they_should_be(
    diagnosed: Diagnose, media: Origin, subtitles: bytes, codes: list[str]
) -> None:
    manifest = (MEDIA / "dash" / "manifest.mpd").read_bytes()
    beside = b'<AdaptationSet mimeType="application/ttml+xml" lang="en"><Representation id="text" bandwidth="9">'
    beside += b"<BaseURL>text.ttml</BaseURL></Representation></AdaptationSet></Period>"
    media.scripts["/dash/manifest.mpd"] = Resource(manifest.replace(b"</Period>", beside), TYPES[".mpd"])
    media.scripts["/dash/text.ttml"] = Resource(subtitles, "application/ttml+xml")
    told = diagnosed("/dash/manifest.mpd")
    assert (told.exit, told.codes()) == (0, codes)


def test_a_short_text_that_begins_with_g_is_no_transport_stream(diagnosed: Diagnose, media: Origin) -> None:
    media.scripts["/hls-ts/360p/segment-00.ts"] = Resource(b"Gone for good", "video/mp2t")
    told = diagnosed("/hls-ts/360p/index.m3u8")
    assert (told.exit, told.json["verdict"]["code"]) == (1, "text_instead")
