"""Streams that are broken in one way each: the verdict names that, and only that, and what to change."""

from __future__ import annotations

import gzip
import re
import subprocess
import time
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from commands.diagnosing.question import Files, Question
from gateway.diagnosis import labels
from gateway.origins.guard import Guard
from gateway.origins.pattern import OriginPattern
from tests.diagnosis.broken import MEDIA, TYPES, Resource, change
from tests.diagnosis.conftest import Diagnose
from tests.diagnosis.live import live_dash, live_hls
from tests.scripted_origin import Origin, answer
from tests.service import tiers_text


@dataclass(frozen=True)
class Picky(Resource):
    """Refuses requests in whose field of this name is not what is wanted."""

    name: str = ""
    wanted: str = ""

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        if self.wanted in request.headers.get(self.name, ""):
            super().__call__(request)
        else:
            answer(b"Forbidden", 403)(request)


TS, FMP4, DASH, MP4 = "/hls-ts/master.m3u8", "/hls-fmp4/master.m3u8", "/dash/manifest.mpd", "/movie.mp4"
FIRST = "/hls-ts/360p/index.m3u8"


# -- what is right -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TS, FMP4, DASH, MP4, FIRST])
def test_what_is_right_plays_with_nothing_to_say(diagnosed: Diagnose, path: str) -> None:
    told = diagnosed(path)
    assert (told.exit, told.sentence, told.codes("note")) == (0, "It plays.", [])


def test_a_live_playlist_that_goes_on_plays(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_hls(media))
    assert (told.exit, told.sentence, told.codes("note")) == (0, "It plays.", [])
    assert told.json["live"][0]["changed"]


@pytest.mark.parametrize("ahead", [0.0, -3.0])
def test_a_live_dash_manifest_plays_by_its_clock(diagnosed: Diagnose, media: Origin, ahead: float) -> None:
    told = diagnosed(live_dash(media, ahead=ahead))
    assert (told.exit, told.sentence) == (0, "It plays.")


# -- the ten -----------------------------------------------------------------------------------------------------------


def test_a_wrong_type_of_a_file(diagnosed: Diagnose, media: Origin) -> None:
    change(media, MP4, lambda right: replace(right, type="text/plain"))
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (1, ["type"])
    assert "calls the file text/plain though it is MP4" in told.sentence
    assert told.change == "let the origin send Content-Type: video/mp4"


def test_a_wrong_type_of_a_playlist_which_the_gateway_makes_up_for(diagnosed: Diagnose, media: Origin) -> None:
    change(media, TS, lambda right: replace(right, type="text/html"))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["type"])
    assert told.sentence.startswith("It plays through the gateway, but not without it")
    assert "application/vnd.apple.mpegurl" in told.change


def test_no_cors_at_the_origin(diagnosed: Diagnose, media: Origin) -> None:
    change(media, ".*", lambda right: replace(right, cors=False))
    told = diagnosed(TS, "--page", "https://www.example.com")
    assert (told.exit, told.codes()) == (0, ["cors"])
    assert "no Access-Control-Allow-Origin" in told.sentence
    assert "Access-Control-Allow-Origin: https://www.example.com" in told.change
    cors = told.step("the first segment")["cors"]
    assert (cors["directly"], cors["through_gateway"]) == (False, True)


def test_segments_that_are_refused(diagnosed: Diagnose, media: Origin) -> None:
    page = b"<html><title>Forbidden by hotlink protection</title></html>"
    change(media, r".*\.ts", lambda right: replace(right, status=403, body=page, type="text/html"))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["origin_status"])
    assert "the origin refuses the first segment (403: “Forbidden by hotlink protection”)" in told.sentence
    assert "whom the origin admits" in told.change
    assert told.json["findings"][0]["where"] == ["the first segment", "the last segment"]


@pytest.mark.parametrize(
    "query",
    [
        "Expires={past}&Signature=Zm9vYmFyYmF6cXV4&Key-Pair-Id=APKAEXAMPLE",
        "X-Amz-Date=20231114T221320Z&X-Amz-Expires=3600&X-Amz-Signature=Zm9vYmFyYmF6cXV4",
        "hdnts=exp={past}~acl=/*~hmac=Zm9vYmFyYmF6cXV4",
        "token=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.Zm9vYmFyYmF6cXV4",
    ],
)
def test_an_address_that_the_origin_signed_and_that_has_expired(diagnosed: Diagnose, media: Origin, query: str) -> None:
    signed = query.format(past=int(time.time()) - 7200).encode()
    change(media, FIRST, lambda right: replace(right, body=right.body.replace(b".ts", b".ts?" + signed)))
    change(media, r".*\.ts", lambda right: replace(right, status=403, body=b"<Message>Zm9vYmFyYmF6cXV4</Message>"))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["expired_address"])
    assert "the origin's signed address of the first segment expired" in told.sentence
    assert told.change == "have the origin's owner sign a new one"
    assert "Zm9vYmFy" not in str(told.json)


def test_a_web_page_instead_of_a_playlist(diagnosed: Diagnose, media: Origin) -> None:
    media.scripts[FIRST] = answer(
        b"<!doctype html><html><head><title>Log in</title></head></html>", Content_Type="text/html"
    )
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, ["html_instead"])
    assert "with a web page (“Log in”) instead of a manifest" in told.sentence


def test_a_missing_key(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/hls-fmp4/demo.key", lambda right: replace(right, status=404, body=b""))
    told = diagnosed(FMP4)
    assert (told.exit, told.codes()) == (1, ["origin_status"])
    assert "the origin does not have the key (404)" in told.sentence


def test_a_clock_that_is_minutes_off(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_dash(media, ahead=-420))
    assert (told.exit, told.codes()) == (1, ["clock_skew"])
    assert "the origin's clock is 7 min behind this machine's" in told.sentence
    assert told.change == "set the origin's clock by NTP, and add UTCTiming to the manifest"


def test_a_clock_that_is_off_and_told_by_the_manifest_does_no_harm(diagnosed: Diagnose, media: Origin) -> None:
    def clock(request: BaseHTTPRequestHandler) -> None:
        answer(datetime.fromtimestamp(time.time() - 420, UTC).isoformat().encode())(request)

    media.scripts["/time"] = clock
    timing = '<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/>'
    told = diagnosed(live_dash(media, ahead=-420, timing=timing))
    assert (told.exit, told.codes(), told.codes("note")) == (0, [], ["clock"])


def test_no_range_support_of_a_file(diagnosed: Diagnose, media: Origin) -> None:
    change(media, MP4, lambda right: replace(right, ranges=False))
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (0, ["ranges"])
    assert "answers a range with the whole (200)" in told.sentence
    assert "206 and Content-Range" in told.change
    assert diagnosed(MP4, "--player", "safari").exit == 1


def test_no_range_support_where_the_playlist_names_ranges(diagnosed: Diagnose, media: Origin) -> None:
    ranged = (
        b"#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:18800@0\nsegment-00.ts\n"
    )
    ranged += b"#EXTINF:4,\n#EXT-X-BYTERANGE:18800\nsegment-00.ts\n#EXT-X-ENDLIST\n"
    change(media, FIRST, lambda right: replace(right, body=ranged))
    assert diagnosed(FIRST).codes("note") == []
    assert {fields["Range"] for _, path, fields in media.asked if path.endswith(".ts") and "Range" in fields} == {
        "bytes=0-18799",
        "bytes=18800-37599",
        "bytes=0-1",
    }
    change(media, r".*\.ts", lambda right: replace(right, ranges=False))
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, ["ranges"])


def test_a_range_follows_that_of_a_segment_which_is_a_gap(diagnosed: Diagnose, media: Origin) -> None:
    ranged = (
        b"#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:18800@0\nsegment-00.ts\n"
        b"#EXTINF:4,\n#EXT-X-GAP\n#EXT-X-BYTERANGE:18800\nsegment-00.ts\n"
        b"#EXTINF:4,\n#EXT-X-BYTERANGE:9400\nsegment-00.ts\n#EXTINF:4,\n#EXT-X-BYTERANGE:9400\nsegment-00.ts\n"
        b"#EXT-X-ENDLIST\n"
    )
    change(media, FIRST, lambda right: replace(right, body=ranged))
    assert diagnosed(FIRST).exit == 0
    assert {fields["Range"] for _, path, fields in media.asked if path.endswith(".ts") and "Range" in fields} == {
        "bytes=0-18799",
        "bytes=37600-46999",
        "bytes=47000-56399",
        "bytes=0-1",
    }


def test_codecs_that_are_others_than_told(diagnosed: Diagnose, media: Origin, tmp_path: Path) -> None:
    body = encoded(tmp_path, "mpeg2video", "ts")
    change(media, r"/hls-ts/360p/.*\.ts", lambda right: replace(right, body=body))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["codecs"])
    assert "MPEG-2 video" in told.sentence
    assert "H.264" in told.sentence


def test_a_map_of_another_codec_than_told(diagnosed: Diagnose, media: Origin, tmp_path: Path) -> None:
    body = encoded(tmp_path, "mpeg4", "mp4")
    change(media, "/hls-fmp4/init.mp4", lambda right: replace(right, body=body))
    told = diagnosed(FMP4)
    assert (told.exit, told.codes()) == (1, ["codecs"])
    assert "MPEG-4" in told.sentence


def encoded(folder: Path, codec: str, ending: str) -> bytes:
    """Half a second of pictures, as segments have them."""
    made = folder / f"made.{ending}"
    flags = ["-movflags", "frag_keyframe+empty_moov"] if ending == "mp4" else []
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x90:r=24:d=0.5",
        "-c:v",
        codec,
        *flags,
        str(made),
    ]
    subprocess.run(command, check=True, timeout=60)
    return made.read_bytes()


@pytest.mark.parametrize(("path", "name"), [("/hls-ts/180p/.*m3u8", "variant 2 of 2"), (FIRST, "variant 1 of 2")])
def test_a_dead_variant(diagnosed: Diagnose, media: Origin, path: str, name: str) -> None:
    change(media, path, lambda right: replace(right, status=404, body=b""))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["origin_status"])
    assert f"It plays, but the origin does not have {name}" in told.sentence
    assert told.change == "put it there, or correct the manifest that names it"


def test_no_variant_that_is_alive(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/hls-ts/.*/index.m3u8", lambda right: replace(right, status=404, body=b""))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["origin_status"])


# -- and more ----------------------------------------------------------------------------------------------------------


def test_a_live_playlist_that_stands_still(diagnosed: Diagnose, media: Origin) -> None:
    told = diagnosed(live_hls(media, stands=True, age="300"))
    assert (told.exit, told.codes()) == (1, ["stale"])
    assert "a cache has kept it for 300 s" in told.sentence
    assert "let the cache keep it" in told.change


@pytest.mark.parametrize("cache", ["max-age=30", 'Max-Age="30"', "s-maxage=30, max-age=0"])
def test_a_live_playlist_that_caches_may_keep_for_too_long(diagnosed: Diagnose, media: Origin, cache: str) -> None:
    told = diagnosed(live_hls(media, cache=cache))
    assert (told.exit, told.codes()) == (0, ["live_caching"])


@pytest.mark.parametrize(
    "cache", ["max-age=\xb2", "no-cache, max-age=30", "no-store, max-age=30", "max-age=30, max-age=0", "max-age=1"]
)
def test_a_live_playlist_that_caches_may_not_keep(diagnosed: Diagnose, media: Origin, cache: str) -> None:
    told = diagnosed(live_hls(media, cache=cache))
    assert (told.exit, told.codes()) == (0, [])


@pytest.mark.parametrize("age", ["300, 7", "99999999999"])
def test_how_long_a_cache_has_kept_it_is_read_as_the_gateway_reads_it(
    diagnosed: Diagnose, media: Origin, age: str
) -> None:
    told = diagnosed(live_hls(media, stands=True, age=age))
    assert (told.exit, told.codes()) == (1, ["stale"])
    assert "a cache has kept it" in told.sentence


def test_a_redirect_to_an_origin_that_is_not_allowed(diagnosed: Diagnose, media: Origin) -> None:
    change(media, MP4, lambda right: replace(right, status=302, fields={"Location": "https://cdn.example.net/v.mp4"}))
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (1, ["origin_not_allowed"])
    assert "is redirected to https://cdn.example.net, which is not among the origins" in told.sentence
    assert [hop["status"] for hop in told.json["steps"][0]["hops"]] == [302, None]
    assert "add https://cdn.example.net to origins" in told.change


def test_a_redirect_to_what_is_not_fetched(diagnosed: Diagnose, media: Origin) -> None:
    change(media, MP4, lambda right: replace(right, status=302, fields={"Location": "ftp://cdn.example.net/v.mp4"}))
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (1, ["redirect"])
    assert "is redirected to an address that the gateway does not fetch" in told.sentence


def test_the_gateways_own_address(media: Origin, folder: Path) -> None:
    port = int(media.url.rpartition(":")[2])
    known = Files(folder / "tiers.yaml", folder / "keys.yaml", folder, None).known()
    guard = Guard([OriginPattern.parse(media.url)], frozenset({("127.0.0.1", port)}))
    known = replace(known, generation=replace(known.generation, guard=guard))
    told = Question(media.url + MP4, "", "", "", known).answer().told()["verdict"]
    assert isinstance(told, dict)
    assert (told["exit"], told["code"]) == (1, "own_address")
    assert "is the gateway itself" in str(told["sentence"])


def test_a_private_address_that_is_not_named(diagnosed: Diagnose, media: Origin) -> None:
    body = (MEDIA / "hls-ts/360p/index.m3u8").read_bytes().replace(b"segment", b"http://10.0.0.7/segment")
    change(media, FIRST, lambda right: replace(right, body=body))
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, ["origin_not_allowed"])
    assert "http://10.0.0.7" in told.sentence
    assert "private address" in told.change


def test_a_name_that_leads_to_a_private_address(media: Origin, folder: Path) -> None:
    port = int(media.url.rpartition(":")[2])
    known = Files(folder / "tiers.yaml", folder / "keys.yaml", folder, None).known()
    guard = Guard([OriginPattern("http", "localhost", port, subdomains=False)])  # no file could say so
    known = replace(known, generation=replace(known.generation, guard=guard))
    told = Question(f"http://localhost:{port}{MP4}", "", "", "", known).answer().told()["verdict"]
    assert isinstance(told, dict)
    assert (told["exit"], told["code"]) == (1, "private_address")
    assert "leads to a private address (loopback)" in str(told["sentence"])
    assert "by its number" in str(told["sentence"])


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (lambda right: replace(right, fields={"Content-Encoding": "gzip"}), "unreadable", "cannot be decompressed"),
        (lambda right: replace(right, fields={"Content-Encoding": "br"}), "unreadable", "not asked for: br"),
        (lambda right: replace(right, body=gzip.compress(right.body)), "compressed_instead", "does not say so"),
        (lambda right: replace(right, fields={"Content-Length": "9000"}, cut=1), "cut_short", "breaks off"),
        (lambda right: replace(right, body=b""), "empty", "is empty"),
        (lambda right: replace(right, body=b'{"message": "no such stream"}'), "json_instead", "no such stream"),
    ],
)
def test_a_playlist_that_does_not_arrive_as_it_is(
    diagnosed: Diagnose, media: Origin, how: object, code: str, said: str
) -> None:
    assert callable(how)
    change(media, FIRST, how)
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, [code])
    assert said in told.sentence


def test_a_segment_that_is_cut_short(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/hls-ts/360p/segment-00.ts", lambda right: replace(right, cut=20_000))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["cut_short"])
    assert "the first segment breaks off after 42228 of 62228 bytes" in told.sentence


def test_a_segment_that_was_stored_cut_short(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/dash/0-001.m4s", lambda right: replace(right, body=right.body[:-500]))
    told = diagnosed(DASH)
    assert (told.exit, told.codes()) == (1, ["cut_short"])
    change(media, "/hls-fmp4/segment-00.m4s", lambda right: replace(right, body=right.body[:-5]))
    told = diagnosed(FMP4)
    assert (told.exit, told.codes()) == (1, ["not_padded"])


@pytest.mark.parametrize(("size", "outcome"), [(3_000, 1), (300_000, 0)])
def test_a_file_that_was_stored_cut_short_plays_only_where_its_index_is_whole(
    diagnosed: Diagnose, media: Origin, size: int, outcome: int
) -> None:
    change(media, MP4, lambda right: replace(right, body=right.body[:size]))
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (outcome, ["cut_short"])
    assert f"the file has {size} bytes where its boxes say" in told.sentence


def test_time_stamps_that_begin_anew_and_no_tag_that_says_so(diagnosed: Diagnose, media: Origin) -> None:
    media.scripts["/hls-ts/360p/segment-09.ts"] = media.scripts["/hls-ts/360p/segment-00.ts"]
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (0, ["timestamps"])
    assert "stand 0.0 s behind those of the first, where the playlist's EXTINF say 36.0 s" in told.sentence
    tag = b"#EXT-X-DISCONTINUITY\n#EXTINF:4.000000,\nsegment-09"
    change(media, FIRST, lambda right: replace(right, body=right.body.replace(b"#EXTINF:4.000000,\nsegment-09", tag)))
    assert diagnosed(FIRST).codes() == []


def test_lengths_in_the_playlist_that_are_not_those_of_the_media(diagnosed: Diagnose, media: Origin) -> None:
    longer = {b"EXTINF:4.0": b"EXTINF:10.0", b"DURATION:4": b"DURATION:10"}

    def stretched(right: Resource) -> Resource:
        body = right.body
        for was, now in longer.items():
            body = body.replace(was, now)
        return replace(right, body=body)

    change(media, FIRST, stretched)
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (0, ["timestamps"])
    assert "stand 36.0 s behind those of the first, where the playlist's EXTINF say 90.0 s" in told.sentence


def test_a_segment_in_the_middle_that_is_missing(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/hls-ts/360p/segment-05.ts", lambda right: replace(right, status=404, body=b""))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["origin_status"])
    assert told.sentence.startswith("It plays, but the origin does not have segment 6 of 10 (404)")
    assert told.json["between"] == {"asked": 8, "of": 8}


def test_an_origin_that_refuses_ranges_is_not_said_to_lack_segments(diagnosed: Diagnose, media: Origin) -> None:
    whole = media.scripts["/hls-ts/360p/segment-05.ts"]
    assert isinstance(whole, Resource)

    def refuses_ranges(request: BaseHTTPRequestHandler) -> None:
        replace(whole, status=501 if "Range" in request.headers else 200, ranges=False)(request)

    media.scripts["/hls-ts/360p/segment-05.ts"] = refuses_ranges
    told = diagnosed(TS)
    assert (told.exit, told.sentence, told.codes()) == (0, "It plays.", [])


def test_segments_that_come_compressed_are_not_said_to_be_cut_short(diagnosed: Diagnose, media: Origin) -> None:
    coded = {"Content-Encoding": "gzip"}
    change(media, r".*\.ts", lambda right: replace(right, body=gzip.compress(right.body), fields=coded, ranges=False))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["coded"])
    assert "with Content-Encoding: gzip, though it was not asked to" in told.sentence


def test_redirects_in_a_circle_are_told_as_such_and_the_rest_of_the_origin_is_looked_at(
    diagnosed: Diagnose, media: Origin
) -> None:
    change(media, FIRST, lambda right: replace(right, status=302, fields={"Location": media.url + FIRST}))
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, ["redirect"])
    assert "redirected again and again" in told.sentence
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["redirect"])
    assert told.step("variant 2 of 2 (320x180)")["status"] == 200


def test_what_to_check_of_an_origin_goes_by_why_it_gives_no_answer(diagnosed: Diagnose, folder: Path) -> None:
    (folder / "tiers.yaml").write_text(tiers_text("http://127.0.0.1:1", "https://nowhere.invalid"))
    assert "check that it listens" in diagnosed("http://127.0.0.1:1" + TS).change
    assert "check its name in the DNS" in diagnosed("https://nowhere.invalid" + TS).change


def test_what_the_gateway_makes_up_for_is_told(diagnosed: Diagnose, media: Origin, folder: Path) -> None:
    path = "/hls-ts/360p/segment-00.ts"
    change(media, path, lambda right: replace(right, fields={"ETag": '"1"'}))
    whole = media.scripts[path]
    assert isinstance(whole, Resource)

    def breaks_off_at_first(request: BaseHTTPRequestHandler) -> None:
        replace(whole, cut=0 if "Range" in request.headers else 20_000)(request)

    media.scripts[path] = breaks_off_at_first
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["resumed"])
    media.scripts[path] = whole
    tiers = tiers_text("{url: http://127.0.0.1:1, fallback: " + media.url + "}")
    (folder / "tiers.yaml").write_text(tiers)
    told = diagnosed("http://127.0.0.1:1" + TS)
    assert (told.exit, told.codes()) == (0, ["fallback"])
    assert "http://127.0.0.1:1 fails" in told.sentence


def test_a_key_that_is_no_key(diagnosed: Diagnose, media: Origin) -> None:
    change(media, "/hls-fmp4/demo.key", lambda right: replace(right, body=right.body.hex().encode()))
    told = diagnosed(FMP4)
    assert (told.exit, told.codes()) == (1, ["key_length"])
    assert "32 bytes long" in told.sentence
    assert "not in hexadecimal" in told.change


def sounding(media: Origin) -> None:
    """Give the presentation a sound of its own."""
    master = (
        b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,URI="sound/index.m3u8"\n#EXT-X-STREAM-INF:'
    )
    playlist = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\n0.ts\n#EXT-X-ENDLIST\n"
    change(
        media,
        TS,
        lambda right: replace(
            right,
            body=right.body.replace(b"#EXT-X-STREAM-INF:", master, 1).replace(b"CODECS", b'AUDIO="a",CODECS'),
        ),
    )
    media.scripts["/hls-ts/sound/index.m3u8"] = Resource(playlist, TYPES[".m3u8"])
    media.scripts["/hls-ts/sound/0.ts"] = media.scripts["/hls-ts/180p/segment-00.ts"]


def test_sound_of_its_own_is_needed_as_the_pictures_are(diagnosed: Diagnose, media: Origin) -> None:
    sounding(media)
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, [])
    change(media, "/hls-ts/sound/0.ts", lambda right: replace(right, status=404, body=b""))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["origin_status"])
    assert "does not have the first segment of the sound “English” (404)" in told.sentence


def test_keys_of_a_licence_server_are_noted_and_not_asked_for(diagnosed: Diagnose, media: Origin) -> None:
    key = b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://1",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"'
    change(media, FIRST, lambda right: replace(right, body=right.body.replace(b"#EXTINF", key + b"\n#EXTINF", 1)))
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (0, [])
    assert "licence" in told.codes("note")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-ENDLIST\n", "no_segments"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-GAP\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n", "all_gaps"),
        (b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", "no_variants"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://[::1\n#EXT-X-ENDLIST\n", "url"),
        (b"<MPD/>", "no_representations"),
        (b"<!DOCTYPE MPD [<!ENTITY a 'b'>]><MPD/>", "malformed"),
    ],
)
def test_a_manifest_that_names_nothing_to_play(diagnosed: Diagnose, media: Origin, body: bytes, code: str) -> None:
    change(media, FIRST, lambda right: replace(right, body=body))
    told = diagnosed(FIRST)
    assert (told.exit, told.json["verdict"]["code"]) == (1, code)


def test_a_manifest_of_which_no_media_can_be_found_is_not_said_to_play(diagnosed: Diagnose, media: Origin) -> None:
    change(
        media,
        DASH,
        lambda right: replace(
            right, body=re.sub(rb"<SegmentTimeline>.*?</SegmentTimeline>", b"", right.body, flags=re.DOTALL)
        ),
    )
    told = diagnosed(DASH)
    assert (told.exit, told.json["verdict"]["outcome"]) == (2, "cannot be told")


def test_an_origin_that_takes_its_time(diagnosed: Diagnose, media: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "SLOW", 1.0)
    right = media.scripts[MP4]
    assert isinstance(right, Resource)
    asked = 0

    def slow_once(request: BaseHTTPRequestHandler) -> None:
        nonlocal asked
        asked += 1
        replace(right, wait=1.1 if asked == 1 else 0.0)(request)

    media.scripts[MP4] = slow_once
    told = diagnosed(MP4)
    assert (told.exit, told.codes()) == (0, ["slow"])
    assert "s to begin the file" in told.sentence


def test_an_origin_that_is_not_there(diagnosed: Diagnose, media: Origin, folder: Path) -> None:
    (folder / "tiers.yaml").write_text(tiers_text("http://127.0.0.1:1"))
    told = diagnosed("http://127.0.0.1:1/a.m3u8")
    assert (told.exit, told.codes()) == (1, ["unreachable"])
    assert "127.0.0.1:1 gives no answer for the manifest" in told.sentence
    assert "it refuses the connection" in told.sentence


def test_a_part_of_a_file_that_is_another_than_the_playlist_names(diagnosed: Diagnose, media: Origin) -> None:
    ranged = (
        b"#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:18800@0\nsegment-00.ts\n"
    )
    ranged += b"#EXTINF:4,\n#EXT-X-BYTERANGE:18800\nsegment-00.ts\n#EXT-X-ENDLIST\n"
    change(media, FIRST, lambda right: replace(right, body=ranged))
    path = "/hls-ts/360p/segment-00.ts"
    right = media.scripts[path]
    assert isinstance(right, Resource)
    wrong = replace(right, fields={"Content-Range": "bytes 0-18799/62228"})

    def script(request: BaseHTTPRequestHandler) -> None:
        (wrong if request.headers.get("Range") == "bytes=18800-37599" else right)(request)

    media.scripts[path] = script
    told = diagnosed(FIRST)
    assert (told.exit, told.codes()) == (1, ["ranges"])
    assert "with Content-Range: bytes 0-18799/62228: the last segment" in told.sentence


@pytest.mark.parametrize("encrypted", [True, False])
def test_fragments_without_an_initialization_segment(diagnosed: Diagnose, media: Origin, encrypted: bool) -> None:
    text = b"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n0-001.m4s\n#EXT-X-ENDLIST\n"
    media.scripts["/dash/index.m3u8"] = Resource(text, TYPES[".m3u8"])
    change(
        media, "/hls-fmp4/index.m3u8", lambda right: replace(right, body=re.sub(rb"#EXT-X-MAP.*\n", b"", right.body))
    )
    told = diagnosed("/hls-fmp4/index.m3u8" if encrypted else "/dash/index.m3u8")
    assert (told.exit, told.codes()) == (1, ["no_map"])
    assert "#EXT-X-MAP:URI" in told.change


def test_a_template_without_an_initialization_segment(diagnosed: Diagnose, media: Origin) -> None:
    change(media, DASH, lambda right: replace(right, body=re.sub(rb' initialization="[^"]*"', b"", right.body)))
    told = diagnosed(DASH)
    assert (told.exit, told.codes()) == (1, ["no_map"])


def test_a_variant_that_leads_to_variants_again(diagnosed: Diagnose, media: Origin) -> None:
    change(media, FIRST, lambda right: replace(right, body=(MEDIA / "hls-ts/master.m3u8").read_bytes()))
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (0, ["nested"])
    change(
        media, "/hls-ts/180p/index.m3u8", lambda right: replace(right, body=(MEDIA / "hls-ts/master.m3u8").read_bytes())
    )
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["nested"])
    assert "variant 1 of 2 (640x360) leads to another multivariant playlist" in told.sentence


def test_a_login_page_for_a_key_and_segments_that_are_encrypted_without_one_are_told_as_such(
    diagnosed: Diagnose, media: Origin
) -> None:
    page = b"<html><title>Log in</title></html>"
    change(media, "/hls-fmp4/demo.key", lambda right: replace(right, body=page))
    assert "a login" in diagnosed(FMP4).change
    change(
        media, "/hls-fmp4/index.m3u8", lambda right: replace(right, body=re.sub(rb"#EXT-X-KEY.*\n", b"", right.body))
    )
    told = diagnosed(FMP4)
    assert (told.exit, told.codes()) == (1, ["bytes_instead"])
    assert "of which the manifest names no key" in told.change


@pytest.mark.parametrize(
    ("name", "wanted", "told"),
    [
        ("User-Agent", "Mozilla", "the gateway's User-Agent"),
        ("Referer", "https://www.example.com/", "without a Referer"),
    ],
)
@pytest.mark.parametrize("page", [[], ["--page", "https://www.example.com"]])
def test_an_origin_that_refuses_what_is_no_browser(
    diagnosed: Diagnose, media: Origin, name: str, wanted: str, told: str, page: list[str]
) -> None:
    def picky(right: Resource) -> Resource:
        return Picky(**{each.name: getattr(right, each.name) for each in fields(right)}, name=name, wanted=wanted)

    change(media, r".*\.ts", picky)
    said = diagnosed(TS, *page)
    assert (said.exit, said.codes()) == (1, ["origin_status"])
    by_page = name == "Referer" and not page  # hotlink protection that lets in one site alone
    assert (told in said.change) == (not by_page)
    assert ("whom the origin admits" in said.change) == by_page
    assert sum(path.endswith(".ts") for _, path, _ in media.asked) <= 4


@pytest.mark.parametrize(
    ("text", "codes", "told"),
    [
        (b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n", [], "It plays."),
        (b"1\n00:00:00,000 --> 00:00:02,000\nHello\n", ["text_instead"], "is no WebVTT, which begins with WEBVTT"),
        (None, ["origin_status"], "does not have the first segment of the subtitles “English” (404)"),
    ],
)
def test_subtitles_are_looked_at_and_are_not_needed(
    diagnosed: Diagnose, media: Origin, text: bytes | None, codes: list[str], told: str
) -> None:
    media_tag = b'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",LANGUAGE="en",URI="en.m3u8"\n'

    def subtitled(right: Resource) -> Resource:
        body = right.body.replace(b"#EXT-X-STREAM-INF:", b'#EXT-X-STREAM-INF:SUBTITLES="s",')
        return replace(right, body=body.replace(b"#EXT-X-STREAM-INF:", media_tag + b"#EXT-X-STREAM-INF:", 1))

    change(media, TS, subtitled)
    listed = b"#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\nen.vtt\n#EXT-X-ENDLIST\n"
    media.scripts["/hls-ts/en.m3u8"] = Resource(listed, TYPES[".m3u8"])
    if text is not None:
        media.scripts["/hls-ts/en.vtt"] = Resource(text, "text/vtt")
    said = diagnosed(TS)
    assert (said.exit, said.codes()) == (0, codes)
    assert told in said.sentence
