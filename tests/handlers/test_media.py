"""The stream proxy, on a scripted origin over real sockets."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from tests.conftest import StartService, free_port
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service, send_raw, tiers_text

PLAYLIST = b"#EXTM3U\n#EXTINF:4,\nseg-1.ts?a=b\n#EXTINF:4,\nhttps://cdn.example.com/x/seg-2.ts\n#EXT-X-ENDLIST\n"
BODY = bytes(range(256)) * 1024


def ranged(request: BaseHTTPRequestHandler) -> None:
    """Serves `BODY` with ranges and validators."""
    fields = {"ETag": '"v1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT", "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == '"v1"':
        send_head(request, 304, fields)
        return
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if asked and request.headers.get("If-Range", '"v1"') == '"v1"':
        first, last = int(asked[1]), int(asked[2] or len(BODY) - 1)
        if first >= len(BODY):
            answer(b"", 416, Content_Range=f"bytes */{len(BODY)}")(request)
            return
        part = BODY[first : last + 1]
        answer(part, 206, Content_Range=f"bytes {first}-{last}/{len(BODY)}", Content_Type="video/mp2t", **fields)(
            request
        )
        return
    answer(BODY, 200, Content_Type="video/mp2t", **fields)(request)


def test_media_arrive_byte_for_byte_with_their_own_description(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/v.ts"] = ranged
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["Content-Type"] == "video/mp2t"
    assert reply.headers["ETag"] == '"v1"'
    assert reply.headers.get_all("Date") is not None
    assert len(reply.headers.get_all("Date") or []) == 1


def test_a_key_streams_too_and_is_counted(service: Service, origin: Origin) -> None:
    origin.scripts["/v.ts"] = ranged
    reply = service.media(f"{origin.url}/v.ts", {"X-API-Key": service.add_key("acme", "standard")})
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["RateLimit"].startswith('"rate_limit";r=99;t=')


@pytest.mark.parametrize(
    ("sent", "status", "length"),
    [
        ({"Range": "bytes=0-1"}, 206, 2),
        ({"Range": "bytes=1000-1999"}, 206, 1000),
        ({"Range": "bytes=0-"}, 206, len(BODY)),
        ({"Range": "bytes=99999999-"}, 416, 0),
        ({"If-None-Match": '"v1"'}, 304, 0),
        ({"Range": "bytes=0-1", "If-Range": '"v0"'}, 200, len(BODY)),
    ],
)
def test_ranges_and_validators_are_between_player_and_origin(
    service: Service, origin: Origin, token: dict[str, str], sent: dict[str, str], status: int, length: int
) -> None:
    origin.scripts["/v.ts"] = ranged
    reply = service.media(f"{origin.url}/v.ts", token | sent)
    assert (reply.status, len(reply.body)) == (status, length)
    if status == 206:
        assert reply.headers["Content-Range"].endswith(f"/{len(BODY)}")
    if status == 416:
        assert reply.headers["Content-Range"] == f"bytes */{len(BODY)}"


def test_head_describes_without_a_body(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/v.ts"] = ranged
    reply = service.media(f"{origin.url}/v.ts", token, "HEAD")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", str(len(BODY)))
    assert origin.asked[-1][0] == "HEAD"


def test_what_an_origin_says_about_itself_does_not_pass(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    secret = {
        "Set_Cookie": "a=b",
        "RateLimit": '"x";r=1;t=1',
        "Alt_Svc": 'h3=":443"',
        "Strict_Transport_Security": "max-age=1",
        "Access_Control_Allow_Origin": "https://only.example",
        "Server": "origin/1",
        "Content_Security_Policy": "default-src *",
    }
    origin.scripts["/p.html"] = answer(b"<script>1</script>", Content_Type="text/html", **secret)
    reply = service.media(f"{origin.url}/p.html", token)
    assert reply.body == b"<script>1</script>"
    for name in ("Set-Cookie", "RateLimit", "Alt-Svc", "Strict-Transport-Security", "Server"):
        assert reply.headers[name] is None
    assert reply.headers.get_all("Access-Control-Allow-Origin") == ["*"]
    assert reply.headers.get_all("Content-Security-Policy") == ["sandbox"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_what_a_player_says_about_itself_does_not_reach_the_origin(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    service.media(f"{origin.url}/v.ts", token | {"Cookie": "a=b", "Referer": "https://x", "X-Forwarded-For": "1.2.3.4"})
    fields = {name.lower() for name in origin.asked[-1][2]}
    assert fields == {"host", "accept", "accept-encoding", "user-agent", "via"}
    assert token["X-Session-Token"] not in str(origin.asked)


def test_a_playlist_leads_to_the_gateway_and_plays_from_there(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/a/list"] = answer(PLAYLIST, Content_Type="application/vnd.apple.mpegurl")
    origin.scripts["/a/seg-1.ts"] = answer(b"segment")
    reply = service.media(f"{origin.url}/a/list", token)
    lines = reply.body.decode().splitlines()
    first, second = lines[2], lines[4]
    host = origin.url.removeprefix("http://")
    assert re.fullmatch(rf"/play/[^/]+/{re.escape(host)}/a/seg-1\.ts\?a=b", first)
    assert re.fullmatch(r"/play/[^/]+/cdn\.example\.com/x/seg-2\.ts", second)
    assert [lines[0], lines[1], lines[5]] == ["#EXTM3U", "#EXTINF:4,", "#EXT-X-ENDLIST"]
    assert "private" in reply.headers["Cache-Control"]
    assert service.get(first).body == b"segment"
    assert origin.asked[-1][1] == "/a/seg-1.ts?a=b"


LURE = b"#EXTM3U\n#EXTINF:4,\nhttps://evil.example/a.ts\n"


@pytest.mark.parametrize("status", [201, 202, 203, 226, 299, 300, 301, 305])
@pytest.mark.parametrize("path", ["/l.m3u8", "/l"])
def test_a_manifest_leads_through_the_gateway_whatever_its_origin_calls_it(
    service: Service, origin: Origin, token: dict[str, str], status: int, path: str
) -> None:
    """FFmpeg takes all below 400, browsers all below 300; what shows a token with each request must not be led away."""
    origin.scripts[path] = answer(LURE, status, Content_Type="text/plain")
    reply = service.media(origin.url + path, {**token, "Range": "bytes=0-"})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/vnd.apple.mpegurl")
    assert reply.body.splitlines()[2].startswith(b"/play/")


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_passes_whatever_its_body_looks_like(
    service: Service, origin: Origin, token: dict[str, str], status: int
) -> None:
    origin.scripts["/l.m3u8"] = answer(LURE, status, Content_Type="application/vnd.apple.mpegurl")
    reply = service.media(f"{origin.url}/l.m3u8", token)
    assert (reply.status, reply.body) == (status, LURE)


def test_what_has_not_changed_is_no_manifest_though_its_type_is_told(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 304, {"Content-Type": "application/vnd.apple.mpegurl", "ETag": '"a"'})

    origin.scripts["/l"] = script
    assert service.media(f"{origin.url}/l", {**token, "If-None-Match": '"a"'}).status == 304


def test_a_manifest_may_begin_with_a_long_comment(service: Service, origin: Origin, token: dict[str, str]) -> None:
    mpd = (
        b'<?xml version="1.0"?>\n<!--'
        + b" licence" * 4000
        + b"-->\n<MPD><BaseURL>https://evil.example/</BaseURL></MPD>"
    )
    for fields in ({}, {"Content_Encoding": "gzip"}):
        body = gzip.compress(mpd) if fields else mpd
        origin.scripts["/m"] = answer(body, 200, Content_Type="application/octet-stream", **fields)
        reply = service.media(f"{origin.url}/m", token)
        assert reply.headers["Content-Type"] == "application/dash+xml"
        assert b"evil.example/</BaseURL>" in reply.body
        assert b"https://evil.example" not in reply.body


def test_a_live_playlist_is_not_cached_and_low_latency_directives_reach_the_origin(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/live.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\na.ts\n")
    url = quote(f"{origin.url}/live.m3u8?s=1", safe="")
    reply = service.get(f"/api?url={url}&_HLS_msn=7&_HLS_part=2", token)
    assert reply.headers["Cache-Control"] == "private, no-cache"
    assert origin.asked[-1][1] == "/live.m3u8?s=1&_HLS_msn=7&_HLS_part=2"


def test_a_playlist_is_compressed_for_clients_that_accept_it(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/l.m3u8"] = answer(b"#EXTM3U\n" + b"#EXTINF:4,\nseg.ts\n" * 5000)
    plain = service.media(f"{origin.url}/l.m3u8", token)
    packed = service.media(f"{origin.url}/l.m3u8", token | {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) * 50 < len(plain.body)
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("br, GZIP", True),
        ("deflate;q=1.0, gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("br, gzip ; q=0.0 , deflate", False),
        ("x-gzipped", False),
        ("*", False),
    ],
)
def test_a_playlist_is_not_compressed_for_clients_that_refuse_it(
    service: Service,
    origin: Origin,
    token: dict[str, str],
    accepted: str,
    packed: bool,
) -> None:
    origin.scripts["/l.m3u8"] = answer(PLAYLIST)
    reply = service.media(f"{origin.url}/l.m3u8", token | {"Accept-Encoding": accepted})
    assert (reply.headers.get("Content-Encoding") == "gzip") == packed


def test_a_cache_keeps_what_one_credential_opened_from_another(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/v.ts"] = answer(b"video", Cache_Control="public, max-age=600", Vary="Origin")
    origin.scripts["/l.m3u8"] = answer(PLAYLIST, Cache_Control="public, max-age=600")
    media = service.media(f"{origin.url}/v.ts", token)
    assert media.headers["Cache-Control"] == "public, max-age=600"
    assert media.headers.get_all("Vary") == ["Origin", "Authorization, X-API-Key, X-Session-Token"]
    playlist = service.media(f"{origin.url}/l.m3u8", token)
    assert playlist.headers.get_all("Cache-Control") == ["private, no-cache"]
    assert "X-Session-Token" in str(playlist.headers.get_all("Vary"))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("public, max-age=600, immutable", "private, max-age=600, immutable"),
        ("Public,S-MaxAge=60 ,proxy-revalidate, max-age=5", "private, max-age=5"),
        ("no-store", "private, no-store"),
        (
            'private="X-Own", no-cache="Set-Cookie, X-Own"',
            'private, private="X-Own", no-cache="Set-Cookie, X-Own"',
        ),
        ("", "private"),
    ],
)
def test_no_shared_cache_keeps_what_an_address_opens(
    service: Service, origin: Origin, token: dict[str, str], told: str, kept: str
) -> None:
    """For it would hold on to that when the key is revoked, and Vary cannot tell one viewer's address from it."""
    origin.scripts["/v.ts"] = answer(b"video", **({"Cache_Control": told} if told else {}))
    there = quote(f"{origin.url}/v.ts", safe="")
    by_token = f"/api?token={token['X-Session-Token']}&url={there}"
    by_grant = str(service.get(f"/api/grant?url={there}", token).json["url"])
    for address in (by_token, by_grant):
        assert service.get(address).headers.get_all("Cache-Control") == [kept]


def test_a_playlist_that_an_origin_compresses_unasked_is_read(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/l.m3u8"] = answer(gzip.compress(PLAYLIST), Content_Encoding="gzip")
    assert b"/play/" in service.media(f"{origin.url}/l.m3u8", token).body


def test_a_compressed_playlist_that_explodes_is_refused(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    bomb = gzip.compress(b"#EXTM3U\n" + b"#" * 50_000_000)
    origin.scripts["/l.m3u8"] = answer(bomb, Content_Encoding="gzip")
    reply = service.media(f"{origin.url}/l.m3u8", token)
    assert (reply.status, reply.json["error"]) == (502, "Origin unreachable")
    assert "larger than" in reply.json["detail"]


def test_playlists_that_explode_leave_nothing_behind(service: Service, origin: Origin, token: dict[str, str]) -> None:
    bomb = gzip.compress(b"#EXTM3U\n" + b"#" * 50_000_000, 1)
    origin.scripts["/l.m3u8"] = answer(bomb, Content_Encoding="gzip")
    statuses = [service.media(f"{origin.url}/l.m3u8", token).status for _ in range(2)]
    before = service.resident_kib()
    statuses += [service.media(f"{origin.url}/l.m3u8", token).status for _ in range(20)]
    assert {*statuses} == {502}
    assert service.resident_kib() - before < 64 * 1024  # 20 times what was read of each is 160 MiB


def test_a_player_that_asks_for_a_playlist_by_range_gets_it_whole(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    def partial(request: BaseHTTPRequestHandler) -> None:
        asked = re.fullmatch(r"bytes=0-(\d*)", request.headers.get("Range", ""))
        if not asked:
            answer(PLAYLIST)(request)
            return
        part = PLAYLIST[: int(asked[1]) + 1] if asked[1] else PLAYLIST
        answer(part, 206, Content_Range=f"bytes 0-{len(part) - 1}/{len(PLAYLIST)}")(request)

    for path in ("/list", "/list.m3u8"):
        origin.scripts[path] = partial
        for wanted in ("bytes=0-", "bytes=0-20"):
            reply = service.media(origin.url + path, token | {"Range": wanted})
            assert reply.status == 200
            assert reply.body.endswith(b"#EXT-X-ENDLIST\n")


@pytest.mark.parametrize("told", [f"bytes 0-{'9' * 5000}/1{'0' * 5000}", "bytes 0-1/2", "bytes 1-0/1"])
def test_a_range_that_is_none_does_not_keep_a_playlist_from_its_player(
    service: Service, origin: Origin, token: dict[str, str], told: str
) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        fields = {"Content_Range": told} if "Range" in request.headers else {}
        answer(PLAYLIST, 206 if fields else 200, **fields)(request)

    origin.scripts["/v"] = script
    reply = service.media(f"{origin.url}/v", {**token, "Range": "bytes=0-"})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/vnd.apple.mpegurl")
    assert b"/play/" in reply.body


MPD = b'<?xml version="1.0"?><MPD><Period><SegmentTemplate media="$Number$.m4s"/></Period></MPD>'


@pytest.mark.parametrize("at", [1, 3, 4, 10, 25])
@pytest.mark.parametrize("body", [PLAYLIST, b"\xef\xbb\xbf" + PLAYLIST, MPD, gzip.compress(PLAYLIST, mtime=0)])
def test_a_manifest_whose_start_comes_in_two_is_told_from_media(
    service: Service, origin: Origin, token: dict[str, str], body: bytes, at: int
) -> None:
    def in_two(request: BaseHTTPRequestHandler) -> None:
        fields = {"Content-Length": str(len(body)), "Content-Type": "text/plain"}
        send_head(request, 200, fields | ({"Content-Encoding": "gzip"} if body[0] == 0x1F else {}))
        request.wfile.write(body[:at])
        request.wfile.flush()
        time.sleep(0.2)
        request.wfile.write(body[at:])

    origin.scripts["/list"] = in_two
    assert b"/play/" in service.media(f"{origin.url}/list", token).body


def test_compressed_manifests_are_read_whole_or_not_at_all(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    two = gzip.compress(b"#EXTM3U\n#EXTINF:4,\na.ts\n") + gzip.compress(b"#EXTINF:4,\nb.ts\n")
    origin.scripts["/two.m3u8"] = answer(two, Content_Encoding="gzip")
    assert service.media(f"{origin.url}/two.m3u8", token).body.count(b"/play/") == 2
    origin.scripts["/cut.m3u8"] = answer(gzip.compress(PLAYLIST)[:-12], Content_Encoding="gzip")
    cut = service.media(f"{origin.url}/cut.m3u8", token)
    assert (cut.status, "cut short" in cut.json["detail"]) == (502, True)


def test_a_huge_manifest_does_not_hold_up_the_others(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/huge.m3u8"] = answer(gzip.compress(b"#EXTM3U\n" + b"a\n" * 60_000), Content_Encoding="gzip")
    asking = threading.Thread(target=lambda: service.media(f"{origin.url}/huge.m3u8", token))
    asking.start()
    answered = 0
    while asking.is_alive():
        assert service.get("/api/health").status == 200
        answered += 1
    assert answered > 5


def test_an_error_page_under_a_playlists_name_passes_with_its_status(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    page = answer(b"<html>gone</html>", 410, Content_Type="application/vnd.apple.mpegurl")
    origin.scripts["/l.m3u8"] = page
    reply = service.media(f"{origin.url}/l.m3u8", token)
    assert (reply.status, reply.body) == (410, b"<html>gone</html>")


def test_a_redirect_is_followed_and_references_resolve_where_it_led(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/start"] = answer(b"", 302, Location="/b/list.m3u8")
    origin.scripts["/b/list.m3u8"] = answer(PLAYLIST)
    origin.scripts["/b/seg-1.ts"] = answer(b"there")
    reference = service.media(f"{origin.url}/start", token).body.decode().splitlines()[2]
    assert "/b/seg-1.ts" in reference
    assert service.get(reference).body == b"there"


def test_redirects_go_round_five_times_at_most(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/loop"] = answer(b"", 302, Location="/loop")
    reply = service.media(f"{origin.url}/loop", token)
    assert (reply.status, reply.json["error"]) == (502, "Origin unreachable")
    assert len(origin.asked) == 6


@pytest.mark.parametrize("target", ["http://127.0.0.1:{other}/", "http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_redirect_to_where_the_gateway_may_not_go_is_not_followed(
    service: Service, origin: Origin, token: dict[str, str], target: str
) -> None:
    other = Origin.start()
    port = other.url.rpartition(":")[2]
    origin.scripts["/away"] = answer(b"", 302, Location=target.format(other=port))
    reply = service.media(f"{origin.url}/away", token)
    other.stop()
    assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")
    assert other.asked == []


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("", 400),
        ("master.m3u8", 400),
        ("//media.example.com/a", 400),
        ("file:///etc/passwd", 400),
        ("gopher://a.example.com/", 400),
        ("ftp://a.example.com/", 400),
        ("javascript:alert(1)", 400),
        ("https://user:pass@a.example.com/", 400),
        ("https://a.example.com@127.0.0.1/", 400),
        ("http://2130706433:{port}/", 400),
        ("http://0177.0.0.1:{port}/", 400),
        ("http://0x7f.0.0.1:{port}/", 400),
        ("http://127.1:{port}/", 400),
        ("http://[::ffff:127.0.0.1]:{port}/", 400),
        ("http://[::ffff:7f00:1]:{port}/", 403),
        ("http://[64:ff9b::7f00:1]:{port}/", 403),
        ("http://127.0.0.1.:{port}/", 400),
        ("https://a.example.com./", 400),
        ("https://ａ.example.com/", 400),
        ("https://exämple.example.com/", 400),
        ("http://１２７.0.0.1:{port}/", 400),
        ("https://a.example.com:444/", 403),
        ("http://a.example.com/", 403),
        ("https://example.com/", 403),
        ("https://notexample.com/", 403),
        ("http://127.0.0.1:1/", 403),
        ("http://localhost:{port}/", 403),
        ("http://127.0.0.1\\@a.example.com/", 400),
        ("https://a.example.com/\x00", 400),
        ("https://a.example.com:99999/", 400),
        ("https://" + "a" * 9000 + ".example.com/", 400),
    ],
)
def test_what_is_not_an_allowed_url_is_refused_before_any_connection(
    service: Service, origin: Origin, token: dict[str, str], url: str, status: int
) -> None:
    reply = service.media(url.format(port=origin.url.rpartition(":")[2]), token)
    assert reply.status == status
    assert reply.json["error"] == ("Invalid url" if status == 400 else "Origin not allowed")
    assert reply.json["detail"]
    assert origin.asked == []


def test_a_missing_a_repeated_and_an_unencoded_url_are_told_apart(service: Service, token: dict[str, str]) -> None:
    assert "url" in service.get("/api", token).json["detail"]
    assert service.get("/api?url=a&url=b", token).status == 400
    unencoded = service.get("/api?url=https://a.example.com/x?a=1&b=2", token)
    assert (unencoded.status, "percent-encode" in unencoded.json["detail"]) == (400, True)
    assert service.get("/api?url=%ff%fe", token).status == 400


def test_a_key_that_was_put_into_the_address_is_not_told_to_the_log(service: Service, token: dict[str, str]) -> None:
    key = service.add_key("other", "standard")
    for path in (f"/api?{key}", f"/api?{key}=1", f"/api?url=https%3A%2F%2Fcdn.example.com%2F&{key}="):
        reply = service.get(path, token)
        assert (reply.status, "a long field beside url" in reply.json["detail"]) == (400, True)
    secret = key.split("_", 2)[2]
    assert secret[:10] not in service.log.read_text()


def test_the_gateway_is_never_its_own_origin_however_deep_it_is_nested(
    start_service: StartService, origin: Origin
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    port, other_port = free_port(), free_port()
    tiers = tiers_text(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other_port}", origin.url)
    gate = start_service(tiers, "--port", str(port))
    other = start_service(tiers, "--port", str(other_port), state=gate.folder / "state")
    token = other.token(other.add_key("acme", "standard"))
    gate.reload()

    def through(where: int, url: str) -> str:
        return f"http://127.0.0.1:{where}/api?token={token}&url={quote(url, safe='')}"

    itself = gate.get(through(port, through(port, f"{origin.url}/v.ts")).removeprefix(f"http://127.0.0.1:{port}"))
    assert (itself.status, itself.json["detail"]) == (403, "That address is the gateway itself.")
    nested = gate.get(through(port, through(other_port, f"{origin.url}/v.ts")).removeprefix(f"http://127.0.0.1:{port}"))
    assert (nested.status, nested.json["detail"]) == (403, "The url leads back to this gateway.")
    assert origin.asked == []


def test_a_body_that_breaks_off_is_visibly_cut(service: Service, origin: Origin, token: dict[str, str]) -> None:
    def with_length(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "1000000"})
        request.wfile.write(b"x" * 1000)
        request.close_connection = True

    def chunked(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked"})
        request.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        request.close_connection = True

    for script in (with_length, chunked):
        origin.scripts["/v.ts"] = script
        with pytest.raises(http.client.IncompleteRead) as cut:
            service.media(f"{origin.url}/v.ts", token)
        assert cut.value.partial == b"x" * 1000
    assert 'cut_short_total{by="origin"} 2' in service.admin("/metrics").body.decode()


def test_a_cut_body_of_unknown_length_ends_in_a_reset_for_an_old_client(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    def chunked(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked"})
        request.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        request.wfile.flush()
        time.sleep(0.3)
        request.close_connection = True

    origin.scripts["/v.ts"] = chunked
    path = f"/api?url={quote(origin.url + '/v.ts', safe='')}&token={token['X-Session-Token']}"
    with socket.create_connection(("127.0.0.1", service.port), HANG) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            while client.recv(65536):
                pass


def speak_nonsense(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"\x16\x03nonsense\r\n\r\n")
    request.close_connection = True


@pytest.mark.parametrize(
    ("fields", "status", "length"),
    [
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], 200, None),
        ([("Content-Length", "3"), ("Content-Length", "3")], 200, "3"),
        ([("Content-Length", "3"), ("ETag", '"\x01"')], 200, "3"),
        ([("Content-Length", "10")], 204, None),
    ],
)
def test_an_odd_head_is_passed_on_as_what_it_means(
    service: Service,
    origin: Origin,
    token: dict[str, str],
    fields: list[tuple[str, str]],
    status: int,
    length: str | None,
) -> None:
    def odd(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in fields:
            request.send_header(name, value)
        request.end_headers()
        if status == 200:
            request.wfile.write(b"3\r\nabc\r\n0\r\n\r\n" if len(fields) > 1 and "chunked" in fields[1] else b"abc")

    origin.scripts["/v.ts"] = odd
    reply = service.media(f"{origin.url}/v.ts", token)
    assert (reply.status, reply.body) == (status, b"abc" if status == 200 else b"")
    assert reply.headers["Content-Length"] == length
    assert reply.headers["ETag"] is None
    assert "Traceback" not in service.log.read_text()


def test_clients_that_leave_at_once_leave_no_trace_of_their_tokens(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/v.ts"] = answer(b"video" * 100_000)
    path = f"/api?url={quote(origin.url + '/v.ts', safe='')}&token={token['X-Session-Token']}"
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", service.port), HANG)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    service.wait_for_gauge("origin_transfers", 0)
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "traceback" not in log
    assert token["X-Session-Token"] not in log


def test_an_old_client_that_would_keep_the_connection_sees_where_a_body_without_a_length_ends(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    def chunked(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked"})
        request.wfile.write(b"3\r\nabc\r\n0\r\n\r\n")

    origin.scripts["/v.ts"] = chunked
    path = f"/api?url={quote(origin.url + '/v.ts', safe='')}&token={token['X-Session-Token']}"
    with socket.create_connection(("127.0.0.1", service.port), HANG) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
        answered = b""
        while chunk := client.recv(65536):
            answered += chunk
    assert answered.endswith(b"\r\n\r\nabc")
    assert b"keep-alive" not in answered.lower()


def test_an_origin_that_is_not_there_and_one_that_speaks_nonsense_are_502(
    start_service: StartService, origin: Origin
) -> None:
    nonsense = Origin.start()
    nonsense.scripts["/"] = speak_nonsense
    service = start_service(tiers_text("http://127.0.0.1:1", nonsense.url))
    key = {"X-API-Key": service.add_key("acme", "standard")}
    for url in ("http://127.0.0.1:1/", nonsense.url + "/"):
        reply = service.media(url, key)
        assert (reply.status, reply.json["error"]) == (502, "Origin unreachable")
    nonsense.stop()


def test_a_client_that_leaves_ends_the_origins_transfer(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    ended: list[float] = []

    def endless(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked"})
        try:
            while True:
                request.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except OSError:
            ended.append(time.monotonic())
            raise

    def silent(request: BaseHTTPRequestHandler) -> None:
        request.connection.settimeout(HANG)
        assert request.connection.recv(1) == b""
        ended.append(time.monotonic())

    for script in (endless, silent):
        ended.clear()
        origin.scripts["/v.ts"] = script
        client = socket.create_connection(("127.0.0.1", service.port))
        path = f"/api?url={quote(origin.url + '/v.ts', safe='')}"
        client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Session-Token: {token['X-Session-Token']}\r\n\r\n".encode()
        )
        time.sleep(0.5)
        client.close()
        deadline = time.monotonic() + HANG
        while not ended:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_client_that_reads_nothing_holds_the_origin_back(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    sent: list[int] = []
    whole = 200_000_000

    def large(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": str(whole)})
        for _ in range(whole // 100_000):
            request.wfile.write(b"x" * 100_000)
            sent.append(100_000)

    origin.scripts["/v.ts"] = large
    service.media(f"{origin.url}/nothing", token)
    before = service.resident_kib()
    client = socket.create_connection(("127.0.0.1", service.port))
    client.sendall(
        f"GET /api?url={quote(origin.url + '/v.ts', safe='')} HTTP/1.1\r\nHost: x\r\n"
        f"X-Session-Token: {token['X-Session-Token']}\r\n\r\n".encode()
    )
    time.sleep(3)
    settled = sum(sent)
    time.sleep(1)
    assert sum(sent) == settled < 16_000_000  # what fits into the kernel's socket buffers, and no more
    assert service.resident_kib() - before < 4096
    received = 0
    while received < whole:
        chunk = client.recv(1 << 20)
        assert chunk
        received += len(chunk)
    client.close()


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_request_that_carries_the_gateways_own_mark_is_refused(
    service: Service, origin: Origin, token: dict[str, str], version: str
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    service.media(f"{origin.url}/v.ts", token)
    via = origin.asked[-1][2]["Via"]
    reply = send_raw(
        service.port,
        f"GET /api?url={quote(origin.url + '/v.ts', safe='')} {version}\r\nHost: x\r\nVia: {via}\r\n"
        f"X-Session-Token: {token['X-Session-Token']}\r\nConnection: close\r\n\r\n".encode(),
    )
    assert b" 403 " in reply.splitlines()[0]
    assert b"leads back to this gateway" in reply
