"""``GET /api/inspect``: what is told, to whom, and how little is fetched for it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from demo.origin import MEDIA
from handlers.looking import MOST_OF_A_FILE, MOST_OF_A_MANIFEST
from tests.conftest import StartService, free_port
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Reply, Service, tiers_text

HLS = "application/vnd.apple.mpegurl"
MASTER = b"""#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360
media.m3u8?origin-token=hush
"""
VOD = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nsecret-name.ts\n#EXT-X-ENDLIST\n"


TOKENS: dict[int, str] = {}
"""The public tier's token, by the port of the service that minted it."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Origin]]:
    """One gateway for all tests that need no other: it starts in a second, and does not change."""
    origin = Origin.start()
    service = Service.start(tmp_path_factory.mktemp("service"), tiers_text(origin.url))
    TOKENS[service.port] = service.token("public_api_key")
    yield service, origin
    service.stop()
    origin.stop()


@pytest.fixture
def service(shared: tuple[Service, Origin]) -> Service:
    return shared[0]


@pytest.fixture
def origin(shared: tuple[Service, Origin]) -> Origin:
    return shared[1].renewed()


def inspect(service: Service, url: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Reply:
    """By the public tier's token, if nothing else is said."""
    headers = {"X-Session-Token": TOKENS[service.port]} if headers is None else headers
    return service.get(f"/api/inspect?url={quote(url, safe='')}", headers, method)


def codes(reply: Reply) -> list[str]:
    return [problem["code"] for problem in reply.json["problems"]]


def serve(origin: Origin, path: str, body: bytes, content_type: str, **fields: str) -> str:
    origin.scripts[path] = answer(body, 200, Content_Type=content_type, Cache_Control="no-store", **fields)
    return origin.url + path


def ranged(body: bytes, content_type: str, total: str = "") -> Any:
    """A script that gives ranges, of a whole of so many bytes as it says."""

    def script(request: BaseHTTPRequestHandler) -> None:
        first, _, last = request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        piece = body[int(first) : int(last or len(body)) + 1]
        told = f"bytes {first}-{int(first) + len(piece) - 1}/{total or len(body)}"
        fields = {"Content-Type": content_type, "Content-Length": str(len(piece)), "Content-Range": told}
        send_head(request, 206, fields)
        request.wfile.write(piece)

    return script


# -- what is told ------------------------------------------------------------------------------------------------------


def test_the_demo_is_told_as_ffprobe_tells_it_and_has_nothing_wrong(demo: Service) -> None:
    origin = demo.folder / "tiers.yaml"
    base = next(line.strip("- ").strip() for line in origin.read_text().splitlines() if "http://" in line)
    token = {"X-Session-Token": demo.token("public_api_key")}
    for path in ("hls-ts/master.m3u8", "hls-fmp4/master.m3u8", "dash/manifest.mpd", "movie.mp4"):
        told = inspect(demo, f"{base}/{path}", token).json
        probe = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", "-allowed_extensions", "ALL"]
        probe = probe if path.startswith("hls") else probe[:-2]
        probed = json.loads(subprocess.run([*probe, str(MEDIA / path)], check=True, capture_output=True).stdout)
        pictures = [stream for stream in probed["streams"] if stream["codec_type"] == "video"]
        assert told["problems"] == []
        assert told["live"] is False
        assert told["duration"] == pytest.approx(float(probed["format"]["duration"]), abs=0.1)
        sizes = {(each["resolution"]["width"], each["resolution"]["height"]) for each in told["variants"]}
        assert sizes == {(picture["width"], picture["height"]) for picture in pictures}
        words = {codec["words"] for each in told["variants"] for codec in each["codecs"] if codec["family"] == "video"}
        assert words == {f"H.264 {picture['profile']} {picture['level'] / 10}" for picture in pictures}
        assert {each["frame_rate"] for each in told["variants"]} == {24.0}
    assert (
        inspect(demo, f"{base}/hls-fmp4/master.m3u8", token).json["encryption"][0]["words"] == "AES-128 with a key file"
    )


def test_a_multivariants_length_is_that_of_its_first_media_playlist_which_is_named(
    service: Service, origin: Origin
) -> None:
    serve(origin, "/media.m3u8", VOD, HLS)
    told = inspect(service, serve(origin, "/master.m3u8", MASTER, HLS)).json
    assert (told["kind"], told["duration"], told["live"]) == ("hls-multivariant", 4.0, False)
    assert told["also_read"] == "the media playlist of variant 1"
    assert [path for _, path, _ in origin.asked] == ["/master.m3u8", "/media.m3u8?origin-token=hush"]


def test_no_url_of_media_is_told(service: Service, origin: Origin) -> None:
    serve(origin, "/media.m3u8", VOD, HLS)
    body = inspect(service, serve(origin, "/master.m3u8", MASTER, HLS)).body
    assert b"hush" not in body
    assert b"secret-name" not in body
    assert origin.url.encode() not in body


def test_what_an_origin_wrote_is_told_cut_to_a_length(service: Service, origin: Origin) -> None:
    long = "x" * 5000
    media = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{long}",NAME="{long}",LANGUAGE="{long}",URI="a.m3u8"\n'
    variant = f'#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="{long}",AUDIO="{long}"\nmedia.m3u8\n'
    told = inspect(service, serve(origin, "/master.m3u8", f"#EXTM3U\n{media}{variant}".encode(), HLS))
    assert told.json["renditions"][0]["name"] == "x" * 199 + "…"
    assert "x" * 200 not in told.body.decode()


def test_a_media_playlist_that_cannot_be_had_is_a_problem_of_the_presentation(service: Service, origin: Origin) -> None:
    url = serve(origin, "/master.m3u8", MASTER, HLS)
    assert codes(inspect(service, url)) == ["variant-not-there"]
    elsewhere = MASTER.replace(b"media.m3u8", b"http://192.0.2.1/media.m3u8")
    reply = inspect(service, serve(origin, "/master.m3u8", elsewhere, HLS))
    assert (reply.status, codes(reply)) == (200, ["variant-not-there"])


def test_a_live_stream_tells_how_far_its_edge_is_behind(service: Service, origin: Origin) -> None:
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 30))
    live = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PROGRAM-DATE-TIME:{date}\n"
    live += "#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n#EXTINF:4,\nc.ts\n"
    told = inspect(service, serve(origin, "/live.m3u8", live.encode(), HLS)).json
    assert told["live"] is True
    assert told["window"]["length"] == 12.0
    assert 17 < told["window"]["behind"] < 17 + HANG
    old = serve(origin, "/old.m3u8", live.encode(), HLS, Last_Modified="Tue, 01 Jan 2019 00:00:00 GMT")
    assert codes(inspect(service, old)) == ["not-renewed"]


def test_what_is_no_manifest_is_told_so(service: Service, origin: Origin) -> None:
    page = serve(origin, "/live.m3u8", b"<!DOCTYPE html><html>log in</html>", "text/html")
    assert (inspect(service, page).json["kind"], codes(inspect(service, page))) == ("html", ["html"])
    key = serve(origin, "/key.m3u8", b"0123456789abcdef", "application/octet-stream")
    assert codes(inspect(service, key)) == ["no-manifest"]
    plain = serve(origin, "/plain.m3u8", VOD, "text/plain")
    assert codes(inspect(service, plain)) == ["content-type"]
    missing = inspect(service, f"{origin.url}/missing.m3u8")
    assert (missing.status, missing.json["answer"]["status"], codes(missing)) == (200, 404, ["status"])


# -- how little is fetched ---------------------------------------------------------------------------------------------


def test_a_size_that_the_origin_does_not_tell_is_not_told(service: Service, origin: Origin) -> None:
    whole = (MEDIA / "movie.mp4").read_bytes()
    origin.scripts["/film.mp4"] = ranged(whole, "video/mp4", "*")
    told = inspect(service, origin.url + "/film.mp4").json
    assert told["answer"]["size"] is None
    assert told["variants"][0].get("average_bandwidth") is None
    assert (told["duration"], told["problems"]) == (40.0, [])


@pytest.mark.parametrize("total", ["", "*"])
def test_of_an_mp4_whose_index_is_at_the_end_two_pieces_are_fetched(
    service: Service, origin: Origin, tmp_path: Path, total: str
) -> None:
    file = tmp_path / "late.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(MEDIA / "movie.mp4"), "-c", "copy", str(file)], check=True)
    whole = file.read_bytes()
    origin.scripts["/late.mp4"] = ranged(whole, "video/mp4", total)
    told = inspect(service, f"{origin.url}/late.mp4").json
    assert [problem["code"] for problem in told["problems"]] == ["index-at-end"]
    assert (told["also_read"], told["answer"]["size"]) == ("the index behind the media", None if total else len(whole))
    assert told["duration"] == pytest.approx(40, abs=0.1)
    asked = [fields["Range"] for _, _, fields in origin.asked]
    assert asked[0] == "bytes=0-65535"
    assert len(asked) == 2
    assert int(asked[1].removeprefix("bytes=").partition("-")[0]) == whole.index(b"moov") - 4


@pytest.mark.parametrize(
    ("path", "most", "code"), [("/endless.m3u8", MOST_OF_A_MANIFEST, ["cut"]), ("/endless.mp4", MOST_OF_A_FILE, [])]
)
def test_no_more_of_a_body_is_waited_for_than_is_read(
    service: Service, origin: Origin, path: str, most: int, code: list[str]
) -> None:
    going_on = threading.Event()

    def held(request: BaseHTTPRequestHandler) -> None:
        start = b"#EXTM3U\n" + b"#EXTINF:4,\n" * 5957 if path.endswith("m3u8") else b"\0" * 65536
        fields = {"Content-Type": HLS if path.endswith("m3u8") else "video/mp4", "Content-Length": str(100 * most)}
        send_head(request, 200, fields)
        request.wfile.write(start.ljust(most + 1, b"\n"))
        going_on.wait(HANG)
        request.close_connection = True

    origin.scripts[path] = held
    reply = inspect(service, origin.url + path)
    going_on.set()
    assert reply.status == 200
    assert [each for each in codes(reply) if each == "cut"] == code


HASTY = """\
from dataclasses import dataclass

import handlers.inspect

handlers.inspect.SECONDS = 0.2


@dataclass(frozen=True)
class Hasty:
    async def admit(self, call):
        yield
"""
"""A policy that is none: it makes the gateway it is read by less patient than a test would like to wait."""


def test_what_takes_too_long_is_given_up(start_service: StartService, origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "hasty.py").write_text(HASTY)
    service = start_service(tiers_text(origin.url), "--policies", str(tmp_path))
    going_on = threading.Event()

    def silent(_request: BaseHTTPRequestHandler) -> None:
        going_on.wait(HANG)

    origin.scripts["/silent.m3u8"] = silent
    reply = inspect(service, f"{origin.url}/silent.m3u8", {"X-API-Key": "public_api_key"})
    going_on.set()
    assert (reply.status, reply.json["error"]) == (504, "Origin timed out")
    assert "within 0.2 s" in reply.json["detail"]


def test_an_endless_body_is_ended(service: Service, origin: Origin) -> None:
    sent: list[int] = []
    ended = threading.Event()

    def endless(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked", "Content-Type": "video/mp4"})
        try:
            while True:
                request.wfile.write(b"10000\r\n" + b"\0" * 65536 + b"\r\n")
                sent.append(65536)
        except OSError:
            ended.set()
            raise

    origin.scripts["/endless.mp4"] = endless
    assert inspect(service, f"{origin.url}/endless.mp4").status == 200
    assert ended.wait(HANG)
    assert sum(sent) < 8_000_000  # what had been on its way, in the kernel's buffers


def peak_kib(service: Service) -> int:
    """The most that the process had resident, in KiB."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


def test_a_compressed_manifest_is_not_unpacked_beyond_what_is_read(service: Service, origin: Origin) -> None:
    segment = b"#EXTINF:4,\n" + b"x" * 1000 + b".ts\n"
    text = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + segment * (96 * MOST_OF_A_MANIFEST // len(segment))
    url = serve(origin, "/bomb.m3u8", gzip.compress(text, 1), HLS, Content_Encoding="gzip")
    before = peak_kib(service)
    told = inspect(service, url)
    assert "cut" in codes(told)
    assert told.json["segments"]["count"] <= MOST_OF_A_MANIFEST // len(segment)
    assert peak_kib(service) - before < 48 * 1024


def test_a_media_playlist_that_is_too_long_is_told_cut_where_its_multivariant_is_asked_for(
    service: Service, origin: Origin
) -> None:
    serve(origin, "/media.m3u8", VOD + b"\n" * MOST_OF_A_MANIFEST, HLS)
    assert "cut" in codes(inspect(service, serve(origin, "/master.m3u8", MASTER, HLS)))


def test_where_an_origin_gives_no_ranges_no_index_behind_the_media_is_waited_for(
    service: Service, origin: Origin
) -> None:
    going_on = threading.Event()
    start = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + (10_000_000).to_bytes(4) + b"mdat"

    def whole(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Type": "video/mp4", "Content-Length": "20000000"})
        first = request.headers["Range"].startswith("bytes=0-")
        request.wfile.write(start.ljust(MOST_OF_A_FILE + 1, b"\0") if first else start)
        going_on.wait(HANG)
        request.close_connection = True

    origin.scripts["/late.mp4"] = whole
    told = inspect(service, f"{origin.url}/late.mp4")
    going_on.set()
    assert (told.status, told.json["kind"]) == (200, "mp4")
    assert [fields["Range"].partition("-")[0] for _, _, fields in origin.asked] == ["bytes=0", "bytes=10000024"]


def test_what_has_no_such_range_is_asked_for_without(service: Service, origin: Origin) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        answered = answer(b"", 416) if "Range" in request.headers else answer(VOD, 200, Content_Type=HLS)
        answered(request)

    origin.scripts["/no-range"] = script
    told = inspect(service, f"{origin.url}/no-range").json
    assert (told["kind"], told["answer"]["status"]) == ("hls-media", 200)


def test_a_manifest_that_came_whole_for_a_range_is_asked_for_once(service: Service, origin: Origin) -> None:
    origin.scripts["/short"] = ranged(VOD, HLS)
    assert inspect(service, f"{origin.url}/short").json["segments"]["count"] == 1
    assert len(origin.asked) == 1


def test_a_manifest_under_any_name_is_read_whole_though_a_range_was_asked_for(service: Service, origin: Origin) -> None:
    long = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + b"#EXTINF:4,\nsegment.ts\n" * 5000 + b"#EXT-X-ENDLIST\n"
    origin.scripts["/playlist"] = ranged(long, HLS)
    told = inspect(service, f"{origin.url}/playlist").json
    assert (told["segments"]["count"], told["duration"]) == (5000, 20000.0)


def test_a_segment_is_known_by_its_first_bytes(service: Service, origin: Origin) -> None:
    segment = (MEDIA / "hls-ts" / "360p" / "segment-00.ts").read_bytes()
    told = inspect(service, serve(origin, "/segment", segment, "video/mp4")).json
    assert told["kind"] == "mpeg-ts"
    assert [codec["words"] for codec in told["variants"][0]["codecs"]] == ["H.264", "AAC"]
    assert [problem["code"] for problem in told["problems"]] == ["content-type"]


@pytest.mark.parametrize(("keys", "most"), [(1, 2), (5, 8)])
def test_no_more_than_a_few_are_inspected_at_once_and_fewer_of_one_key(
    service: Service, origin: Origin, keys: int, most: int
) -> None:
    going_on = threading.Event()

    def held(request: BaseHTTPRequestHandler) -> None:
        going_on.wait(HANG)
        answer(VOD, 200, Content_Type=HLS, Cache_Control="no-store")(request)

    tokens = [{"X-Session-Token": TOKENS[service.port]}]
    tokens += [{"X-API-Key": service.add_key(f"client-{number}", "standard")} for number in range(1, keys)]
    urls = [f"{origin.url}/held-{number}.m3u8" for number in range(most + 1)]
    origin.scripts = {url.removeprefix(origin.url): held for url in urls}
    with ThreadPoolExecutor(len(urls)) as clients:
        replies = [clients.submit(inspect, service, url, tokens[at % keys]) for at, url in enumerate(urls)]
        refused = next(as_completed(replies, HANG)).result()
        going_on.set()
        statuses = sorted(reply.result().status for reply in replies)
    assert (refused.status, refused.json["error"]) == (503, "Temporarily out of capacity")
    assert refused.headers["Retry-After"] == "1"
    assert statuses == [200] * most + [503]
    assert inspect(service, urls[0]).status == 200


@pytest.mark.parametrize(
    "body", [b"#EXTM3U\n" + b"a\n" * (1 << 20), b"#EXTM3U\n#EXT-X-MEDIA:" + b'"' * (1 << 20), b"<MPD>" * 300_000]
)
def test_a_hostile_manifest_is_answered_and_holds_nobody_up(service: Service, origin: Origin, body: bytes) -> None:
    kind = "application/dash+xml" if body.startswith(b"<") else HLS
    url = serve(origin, "/hostile", body, kind)
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(inspect, service, url)
        slowest = 0.0
        while not waiting.done():
            asked = time.monotonic()
            assert service.get("/api/health").status == 200
            slowest = max(slowest, time.monotonic() - asked)
    assert waiting.result().status == 200
    assert slowest < HANG / 4


# -- to whom -----------------------------------------------------------------------------------------------------------


def test_a_tier_without_streaming_may_inspect_and_each_request_counts(service: Service, origin: Origin) -> None:
    url = serve(origin, "/media.m3u8", VOD, HLS)
    replies = [inspect(service, url, {"X-API-Key": "public_api_key"}) for _ in range(10)]
    assert [reply.status for reply in replies] == [200] * 9 + [429]  # the token was the first of ten
    left = [reply.headers["RateLimit"].partition(";t=")[0] for reply in replies[:2]]
    assert left == ['"rate_limit";r=8', '"rate_limit";r=7']
    assert replies[-1].json["error"] == "Rate limit exceeded"


def test_a_token_is_as_good_as_a_key_and_nothing_is_not(service: Service, origin: Origin) -> None:
    url = serve(origin, "/media.m3u8", VOD, HLS)
    assert inspect(service, url).status == 200
    for headers, error in (({}, "Missing API key"), ({"X-API-Key": "nonsense"}, "Invalid API key")):
        reply = inspect(service, url, headers)
        assert (reply.status, reply.json["error"]) == (401, error)
    assert len(origin.asked) == 1


@pytest.mark.parametrize(
    ("url", "status", "error"),
    [
        ("http://192.0.2.7/a.m3u8", 403, "Origin not allowed"),
        ("http://169.254.169.254/latest/meta-data", 403, "Origin not allowed"),
        ("file:///etc/passwd", 400, "Invalid url"),
        ("a.m3u8", 400, "Invalid url"),
        ("", 400, "Invalid url"),
    ],
)
def test_where_may_not_be_fetched_from_is_refused(service: Service, url: str, status: int, error: str) -> None:
    reply = inspect(service, url)
    assert (reply.status, reply.json["error"]) == (status, error)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["detail"]


def test_each_redirect_is_judged(service: Service, origin: Origin) -> None:
    serve(origin, "/media.m3u8", VOD, HLS)
    origin.scripts["/here"] = answer(b"", 302, Location="/media.m3u8", Cache_Control="no-store")
    origin.scripts["/away"] = answer(b"", 302, Location="http://169.254.169.254/")
    assert inspect(service, f"{origin.url}/here").json["answer"]["redirected"] is True
    assert inspect(service, f"{origin.url}/away").json["error"] == "Origin not allowed"


@pytest.mark.parametrize(
    "host", ["hush.example.org", "HUSH.example.org.", "user:hush@a.example.org", "h\u00fcsh.example"]
)
def test_where_media_lies_is_not_told_by_a_refusal(service: Service, origin: Origin, host: str) -> None:
    elsewhere = f"https://{host}/hush/media.m3u8"
    origin.scripts["/away"] = answer(b"", 302, Location=elsewhere.encode().decode("latin-1"), Cache_Control="no-store")
    master = MASTER.replace(b"media.m3u8?origin-token=hush", elsewhere.encode())
    for url in (serve(origin, "/main.m3u8", master, HLS), f"{origin.url}/away"):
        told = inspect(service, url).body.decode().lower()
        assert "refused" in told or "not fetch" in told or "none that the gateway fetches" in told
        assert not any(word in told for word in ("hush", "example.org", "xn--"))


def test_the_gateway_itself_is_not_inspected(service: Service, origin: Origin) -> None:
    serve(origin, "/media.m3u8", VOD, HLS)
    inspect(service, f"{origin.url}/media.m3u8")
    via = {"X-Session-Token": TOKENS[service.port], "Via": origin.asked[-1][2]["Via"]}
    assert inspect(service, f"{origin.url}/media.m3u8", via).json["detail"] == "The url leads back to this gateway."


def test_the_gateways_own_port_and_an_origin_that_is_not_there(start_service: StartService) -> None:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    service = start_service(tiers_text(own, "http://127.0.0.1:1"), "--port", str(port))
    key = {"X-API-Key": "public_api_key"}
    assert inspect(service, f"{own}/a.m3u8", key).json["detail"] == "That address is the gateway itself."
    reply = inspect(service, "http://127.0.0.1:1/a.m3u8", key)
    assert (reply.status, reply.json["error"]) == (502, "Origin unreachable")


def test_other_methods_and_preflights_are_answered_as_everywhere(service: Service) -> None:
    assert inspect(service, "http://x/", method="OPTIONS").headers["Access-Control-Allow-Origin"] == "*"
    refused = inspect(service, "http://x/", method="POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, OPTIONS")


def test_an_answer_is_kept_by_no_cache(service: Service, origin: Origin) -> None:
    reply = inspect(service, serve(origin, "/media.m3u8", VOD, HLS))
    assert (reply.headers["Cache-Control"], reply.headers["Content-Type"]) == ("no-store", "application/json")
    assert "X-API-Key" in reply.headers["Vary"]
