"""What named players choke on, and only those; the rules that can be tried here were tried with the players."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from gateway.diagnosis.players import PLAYERS, RULES
from tests.diagnosis.broken import Resource, change
from tests.diagnosis.conftest import Diagnose
from tests.diagnosis.live import live_dash
from tests.diagnosis.test_broken import encoded
from tests.scripted_origin import Origin

TS, FMP4, DASH, MP4 = "/hls-ts/master.m3u8", "/hls-fmp4/master.m3u8", "/dash/manifest.mpd", "/movie.mp4"
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("path", "stopped"),
    [
        (TS, {"dash.js"}),
        (FMP4, {"dash.js", "chromium"}),
        (DASH, {"hls.js", "safari", "chromium"}),
        (MP4, {"hls.js", "dash.js"}),
    ],
)
def test_what_is_right_is_in_nobodys_way_but_those_who_never_play_it(
    diagnosed: Diagnose, path: str, stopped: set[str]
) -> None:
    told = diagnosed(path)
    assert told.players() == stopped
    assert told.sentence == "It plays."


def test_a_player_that_is_named_counts(diagnosed: Diagnose) -> None:
    assert set(PLAYERS) == {rule.player for rule in RULES} | {"vlc"}
    told = diagnosed(MP4, "--player", "dash.js")
    assert (told.exit, told.json["verdict"]["code"]) == (1, "wrong_player")
    assert diagnosed(MP4, "--player", "vlc").sentence == "It plays in vlc."


@pytest.mark.parametrize(("ending", "plays"), [(".jpg", False), (".ts", True)])
def test_segments_whose_names_ffmpeg_does_not_take(
    diagnosed: Diagnose, media: Origin, ending: str, plays: bool
) -> None:
    def renamed(right: Resource) -> Resource:
        return replace(right, body=right.body.replace(b".ts", ending.encode()))

    segment = media.scripts["/hls-ts/360p/segment-00.ts"]
    change(media, "/hls-ts/360p/index.m3u8", renamed)
    media.scripts |= {f"/hls-ts/360p/segment-{at:02}{ending}": segment for at in range(10)}
    assert _ffmpeg_opens(media.url + "/hls-ts/360p/index.m3u8") is plays
    told = diagnosed("/hls-ts/360p/index.m3u8", "--player", "ffmpeg")
    assert (told.exit, "ffmpeg" in told.players()) == ((0, False) if plays else (1, True))


def _ffmpeg_opens(url: str) -> bool:
    """FFmpeg 8, as `av` brings it along."""
    try:
        with av.open(url, timeout=20) as opened:
            return bool(opened.streams.video)
    except av.error.InvalidDataError:
        return False


def test_something_before_the_first_tag_stops_hls_js(diagnosed: Diagnose, media: Origin) -> None:
    change(media, TS, lambda right: replace(right, body=b"\n" + right.body))
    told = diagnosed(TS, "--player", "hls.js")
    assert (told.exit, told.json["verdict"]["code"]) == (1, "header")
    assert told.sentence.startswith("It does not play in hls.js because something stands before #EXTM3U")


def test_h_265_in_a_transport_stream_is_not_for_every_player(
    diagnosed: Diagnose, media: Origin, tmp_path: Path
) -> None:
    body = encoded(tmp_path, "libx265", "ts")
    change(media, r"/hls-ts/.*\.ts", lambda right: replace(right, body=body))
    tag = b"#EXT-X-DISCONTINUITY\n#EXTINF"
    change(media, "/hls-ts/.*/index.m3u8", lambda right: replace(right, body=right.body.replace(b"#EXTINF", tag)))
    change(media, TS, lambda right: replace(right, body=right.body.replace(b"avc1.4d401e", b"hvc1.1.6.L90.B0")))
    told = diagnosed(TS)
    assert told.players() == {"dash.js", "video.js", "safari"}
    assert told.sentence.startswith("It plays, but not in video.js, safari: the segments hold H.265 in MPEG-TS")
    assert (told.exit, diagnosed(TS, "--player", "safari").exit) == (0, 1)


def test_mpeg_2_video_that_is_said_to_be_so_stops_the_players_of_browsers(
    diagnosed: Diagnose, media: Origin, tmp_path: Path
) -> None:
    body = encoded(tmp_path, "mpeg2video", "ts")
    change(media, r"/hls-ts/.*\.ts", lambda right: replace(right, body=body))
    change(media, TS, lambda right: replace(right, body=right.body.replace(b'CODECS="avc1.4d401e,mp4a.40.2",', b"")))
    assert diagnosed(TS).players() == {"dash.js", "hls.js", "video.js", "safari"}


def test_a_live_manifest_without_a_clock_is_told_of_shaka(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_dash(media), "--player", "shaka")
    assert told.exit == 0
    assert "no UTCTiming" in told.sentence


def test_an_address_without_an_ending_is_told_of_exoplayer(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(f"https://gw.example.com/api?url={quote(media.url + TS, safe='')}", "--player", "exoplayer")
    assert told.exit == 0
    assert "does not end in .m3u8" in told.sentence
    assert diagnosed(TS, "--player", "exoplayer").sentence == "It plays in exoplayer."


@pytest.mark.parametrize(
    ("file", "line", "text"),
    [
        ("hls.js/src/loader/m3u8-parser.ts", 126, "startsWith('#EXTM3U')"),
        ("hls.js/src/loader/m3u8-parser.ts", 758, "Missing Target Duration"),
        ("hls.js/src/demux/tsdemuxer.ts", 984, "case 0x1b"),
        ("hls.js/src/demux/tsdemuxer.ts", 1070, "case 0x87"),
        ("shaka-player/lib/dash/dash_parser.js", 3607, "UTCTiming element should"),
        ("shaka-player/lib/hls/hls_parser.js", 5526, "getRequiredTag_"),
    ],
)
def test_the_lines_of_players_that_rules_stand_on_are_there(file: str, line: int, text: str) -> None:
    lines = (ROOT / "tests/players/node_modules" / file).read_text().splitlines()
    assert text in lines[line - 1]
    told = f"{file.partition('/')[2].removeprefix('src/')}:{line}"
    assert any(told in rule.source for rule in RULES)


def test_mux_js_knows_the_three_kinds_of_stream_that_the_rules_of_video_js_say() -> None:
    types = (ROOT / "tests/players/node_modules/mux.js/lib/m2ts/stream-types.js").read_text()
    assert [line.split(":")[0].strip() for line in types.splitlines() if "0x" in line] == [
        "H264_STREAM_TYPE",
        "ADTS_STREAM_TYPE",
        "METADATA_STREAM_TYPE",
    ]
