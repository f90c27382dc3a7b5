"""Test media in every format that the matrix plays, made with FFmpeg: 30 s, 320x180, a key frame every 2 s."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

SECONDS = 30
RATE = 24
SEGMENT = 2
FRAMES = SECONDS * RATE

VOD = {
    "HLS, MPEG-TS": "/ts/index.m3u8",
    "HLS, fMP4": "/fmp4/index.m3u8",
    "HLS, AES-128": "/aes/index.m3u8",
    "HLS, byte ranges": "/ranges/index.m3u8",
    "HLS, audio and subtitles": "/tracks/master.m3u8",
    "DASH, template": "/template/manifest.mpd",
    "DASH, timeline": "/timeline/manifest.mpd",
    "DASH, list": "/list/manifest.mpd",
    "DASH, base": "/base/manifest.mpd",
    "MP4": "/movie.mp4",
}
"""What `make_media` makes, by name: the path of each."""

_SUBTITLES = """WEBVTT
X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000

"""
_MASTER = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Low",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="low.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="High",LANGUAGE="de",AUTOSELECT=YES,URI="high.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Seconds",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="text.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.42c00d,mp4a.40.2",RESOLUTION=320x180,AUDIO="sound",SUBTITLES="text"
video.m3u8
"""
_BASE = """<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static"
  mediaPresentationDuration="PT{seconds}S" minBufferTime="PT2S">
  <Period>{sets}
  </Period>
</MPD>
"""
_SET = """
    <AdaptationSet contentType="{kind}" mimeType="{kind}/mp4" subsegmentAlignment="true" subsegmentStartsWithSAP="1">
      <Representation id="{kind}" codecs="{codecs}" bandwidth="{bandwidth}">
        <BaseURL>{kind}.mp4</BaseURL>
        <SegmentBase indexRange="{index}"><Initialization range="{init}"/></SegmentBase>
      </Representation>
    </AdaptationSet>"""


def make_media(folder: Path) -> None:
    """Make all of `VOD` in a folder."""
    source = folder / "movie.mp4"
    picture = f"testsrc=size=320x180:rate={RATE}:duration={SECONDS}"
    low, high = (f"sine=frequency={pitch}:sample_rate=48000:duration={SECONDS}" for pitch in (220, 880))
    _ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", low, "-f", "lavfi", "-i", high, "-map", "0", "-map", "1",
            "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-level", "1.3",
            "-pix_fmt", "yuv420p", "-g", str(RATE * SEGMENT), "-sc_threshold", "0", "-c:a", "aac", "-b:a", "48k",
            str(folder / "all.mp4"))  # fmt: skip
    all_tracks = str(folder / "all.mp4")
    _ffmpeg("-i", all_tracks, "-map", "0:v", "-map", "0:a:0", "-c", "copy", "-movflags", "+faststart", str(source))
    _hls(source, folder / "ts", "ts")
    _hls(source, folder / "fmp4", "m4s", "-hls_segment_type", "fmp4")
    _hls(source, folder / "ranges", "ts", "-hls_flags", "single_file")
    _encrypted(source, folder / "aes")
    _tracks(folder / "all.mp4", folder / "tracks")
    _dash(source, folder / "template", "-use_timeline", "0")
    _dash(source, folder / "timeline", "-use_timeline", "1")
    _dash(source, folder / "list", "-use_template", "0", "-use_timeline", "0")
    _base(source, folder / "base")


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", *arguments], check=True, timeout=120)


def _hls(source: Path, folder: Path, ending: str, *more: str, name: str = "index") -> None:
    folder.mkdir(exist_ok=True)
    one_file = "single_file" in more
    segments = folder / (f"{name}.{ending}" if one_file else f"{name}-%02d.{ending}")
    _ffmpeg("-i", str(source), "-c", "copy", "-f", "hls", "-hls_time", str(SEGMENT), "-hls_playlist_type", "vod",
            "-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", str(segments), *more,
            str(folder / f"{name}.m3u8"))  # fmt: skip


def _encrypted(source: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "secret.key").write_bytes(bytes(range(16)))
    (folder / "key-info").write_text(f"secret.key\n{folder}/secret.key\n")
    _hls(source, folder, "ts", "-hls_key_info_file", str(folder / "key-info"))


def _tracks(source: Path, folder: Path) -> None:
    """A picture, two sounds and subtitles that count the seconds, in media playlists of their own."""
    folder.mkdir()
    for name, track in (("video", "0:v"), ("low", "0:a:0"), ("high", "0:a:1")):
        _hls(source, folder, "m4s", "-hls_segment_type", "fmp4", "-map", track, name=name)
    (folder / "master.m3u8").write_text(_MASTER)
    head = f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{SECONDS}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    (folder / "text.m3u8").write_text(f"{head}#EXTINF:{SECONDS}.0,\ntext.vtt\n#EXT-X-ENDLIST\n")
    cues = [f"00:{n:02d}.000 --> 00:{n + 1:02d}.000\nSecond {n}\n\n" for n in range(SECONDS)]
    (folder / "text.vtt").write_text(_SUBTITLES + "".join(cues))


def _dash(source: Path, folder: Path, *more: str) -> None:
    folder.mkdir()
    _ffmpeg("-i", str(source), "-c", "copy", "-f", "dash", "-seg_duration", str(SEGMENT), *more,
            "-adaptation_sets", "id=0,streams=v id=1,streams=a", "-init_seg_name", "init-$RepresentationID$.m4s",
            "-media_seg_name", "$RepresentationID$-$Number%03d$.m4s", str(folder / "manifest.mpd"))  # fmt: skip
    manifest = folder / "manifest.mpd"
    manifest.write_text(manifest.read_text().replace(' bitstreamSwitching="true"', ""))


def _base(source: Path, folder: Path) -> None:
    """Each track a file with an index in front (SegmentBase)."""
    folder.mkdir()
    sets = ""
    for kind, track, codecs in (("video", "0:v", "avc1.42c00d"), ("audio", "0:a", "mp4a.40.2")):
        file = folder / f"{kind}.mp4"
        flags = "+frag_keyframe+dash+global_sidx" if kind == "video" else "+dash+global_sidx"
        _ffmpeg("-i", str(source), "-map", track, "-c", "copy", "-frag_duration", str(SEGMENT * 1_000_000),
                "-movflags", flags, str(file))  # fmt: skip
        content = file.read_bytes()
        spans = {name: (start, end) for name, start, end in reversed(list(_boxes(content)))}
        sets += _SET.format(
            kind=kind,
            codecs=codecs,
            bandwidth=len(content) * 8 // SECONDS,
            index="{}-{}".format(*spans["sidx"]),
            init=f"0-{spans['moov'][1]}",
        )
    (folder / "manifest.mpd").write_text(_BASE.format(seconds=SECONDS, sets=sets))


def _boxes(content: bytes) -> Iterator[tuple[str, int, int]]:
    """The boxes of a file: name, first and last byte."""
    at = 0
    while at < len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        yield name.decode(), at, at + size - 1
        at += size
