"""What many want at once, or again, is fetched once; and each is given it by his own leave."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from tests.conftest import RedisServer, StartService
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Reply, Service, send_raw, tiers_text

BODY = random.Random(9).randbytes(700_000)
FRESH = {"Cache-Control": "max-age=60", "ETag": '"a"'}
Fields = Mapping[str, str]


def use(reply: Reply) -> str:
    """What the cache had to do with an answer."""
    found = re.search(r"cache;desc=(\w+)", reply.headers["Server-Timing"])
    return found[1] if found else ""


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass
class Slow:
    """Sends its head, and a body in two halves between which it waits to be told; counts how often it is asked."""

    fields: Fields = field(default_factory=lambda: FRESH)
    chunked: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        framing = {"Transfer-Encoding": "chunked"} if self.chunked else {"Content-Length": str(len(BODY))}
        send_head(request, 200, {"Content-Type": "video/mp2t", **self.fields, **framing})
        for half in (BODY[:300_000], BODY[300_000:]):
            request.wfile.write(b"%x\r\n%s\r\n" % (len(half), half) if self.chunked else half)
            self.go_on.wait(HANG)
        if self.chunked:
            request.wfile.write(b"0\r\n\r\n")


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_many_viewers_of_one_segment_are_one_fetch(
    service: Service, origin: Origin, token: Fields, *, chunked: bool
) -> None:
    slow = origin.scripts["/v.ts"] = Slow(chunked=chunked)
    with ThreadPoolExecutor(30) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts", token) for _ in range(30)]
        service.wait_for_gauge("running_requests", 30)
        slow.go_on.set()
        replies = [each.result(HANG) for each in watching]
    assert {digest(reply.body) for reply in replies} == {digest(BODY)}
    assert len(origin.asked) == 1
    assert sorted({use(reply) for reply in replies}) == ["joined", "miss"]
    later = service.media(f"{origin.url}/v.ts", token)
    assert (use(later), digest(later.body), len(origin.asked)) == ("hit", digest(BODY), 1)
    assert "Age" in later.headers


@pytest.mark.parametrize("control", ["no-store", "private", "private, max-age=60"])
def test_what_is_one_viewers_alone_is_fetched_for_each(
    service: Service, origin: Origin, token: Fields, control: str
) -> None:
    origin.scripts["/v.ts"] = answer(b"own", Cache_Control=control, ETag='"a"')
    with ThreadPoolExecutor(5) as viewers:
        replies = list(viewers.map(lambda _: service.media(f"{origin.url}/v.ts", token), range(5)))
    assert {(reply.body, use(reply)) for reply in replies} == {(b"own", "")}
    assert len(origin.asked) >= 5  # one is sent again if its connection may have had something left of the last


def test_a_stale_body_is_confirmed_and_not_fetched_again(service: Service, origin: Origin, token: Fields) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        same = request.headers.get("If-None-Match") == '"a"'
        answer(b"" if same else b"body", 304 if same else 200, Cache_Control="no-cache", ETag='"a"')(request)

    origin.scripts["/v.ts"] = script
    replies = [service.media(f"{origin.url}/v.ts", token) for _ in range(3)]
    assert [(reply.status, reply.body, use(reply)) for reply in replies] == [
        (200, b"body", "miss"),
        (200, b"body", "confirmed"),
        (200, b"body", "confirmed"),
    ]
    assert [asked.get("If-None-Match") for _, _, asked in origin.asked] == [None, '"a"', '"a"']


def test_ranges_are_served_out_of_a_whole_body(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(BODY, Cache_Control="max-age=60", ETag='"a"')
    whole = service.media(f"{origin.url}/v.ts", {**token, "Range": "bytes=0-"})
    assert (whole.status, digest(whole.body)) == (206, digest(BODY))
    for asked, first, last in (("0-1", 0, 1), ("5000-70000", 5000, 70000), ("-10", 699_990, 699_999)):
        reply = service.media(f"{origin.url}/v.ts", {**token, "Range": f"bytes={asked}"})
        assert (reply.status, reply.body) == (206, BODY[first : last + 1])
        assert reply.headers["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    beyond = service.media(f"{origin.url}/v.ts", {**token, "Range": "bytes=700000-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, "bytes */700000")
    assert service.media(f"{origin.url}/v.ts", {**token, "If-None-Match": '"a"'}).status == 304
    head = service.media(f"{origin.url}/v.ts", token, "HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "700000", b"")
    assert len(origin.asked) == 1


def test_head_of_a_stored_body_sends_and_counts_none_of_it(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(BODY, Cache_Control="max-age=60", ETag='"a"')
    assert service.media(f"{origin.url}/v.ts", token).body == BODY
    told = service.log.read_text()
    shown = "".join(f"{name}: {value}\r\n" for name, value in token.items())
    head = f"HEAD /api?url={quote(f'{origin.url}/v.ts', safe='')} HTTP/1.1\r\nHost: x\r\n{shown}\r\n"
    replies = send_raw(service.port, head.encode() + b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
    first, second = replies.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"Content-Length: 700000\r\n" in first
    assert first.endswith(b"\r\n\r\n")
    assert b'"status": "ok"' in second
    (line,) = [json.loads(it) for it in service.log.read_text()[len(told) :].splitlines() if '"HEAD"' in it]
    assert (line["sent"], line["cache"], line.get("cut_by")) == (0, "hit", None)


def test_what_is_stored_is_nobodys_who_may_not_have_it(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(b"paid for", Content_Type="video/mp2t", Cache_Control="max-age=60")
    assert service.media(f"{origin.url}/v.ts", token).body == b"paid for"
    public = service.token("public_api_key")
    for shown in ({"X-API-Key": "public_api_key"}, {"X-Session-Token": public}, {}):
        assert service.media(f"{origin.url}/v.ts", shown).status in {401, 403}
    file = service.folder / "tiers.yaml"
    file.write_text(file.read_text().replace(origin.url, "https://elsewhere.example.com"))
    service.reload()
    refused = service.media(f"{origin.url}/v.ts", token)
    assert (refused.status, refused.json["error"]) == (403, "Origin not allowed")


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:{}\n#EXTINF:1,\nseg{}.ts\n"


def test_a_live_playlist_is_at_most_half_a_target_duration_old(service: Service, origin: Origin, token: Fields) -> None:
    made: list[float] = []

    def script(request: BaseHTTPRequestHandler) -> None:
        text = PLAYLIST.format(2, len(made)).encode()
        made.append(time.monotonic())
        answer(text, Content_Type="application/vnd.apple.mpegurl", Cache_Control="max-age=3600")(request)

    origin.scripts["/live.m3u8"] = script
    seen: list[int] = []
    deadline = time.monotonic() + HANG
    while len(made) < 3:
        assert (asked := time.monotonic()) < deadline
        reply = service.media(f"{origin.url}/live.m3u8", token)
        seen.append(int(re.findall(rb"seg(\d+)\.ts", reply.body)[0]))
        assert asked - made[seen[-1]] < 1.05
        time.sleep(0.1)
    assert len(origin.asked) == len(set(seen)) < len(seen)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (b"<!--" + b" licence" * 500 + b'--><MPD type="dynamic"/>', {"Content_Type": "text/xml"}),
        (gzip.compress(PLAYLIST.format(2, 0).encode()), {"Content_Encoding": "gzip", "Content_Type": "text/plain"}),
    ],
    ids=["a long comment", "a coding"],
)
def test_what_stands_before_a_live_manifest_makes_it_no_older(
    service: Service, origin: Origin, token: Fields, text: bytes, fields: Fields
) -> None:
    origin.scripts["/live"] = answer(text, Cache_Control="max-age=3600", **fields)
    began = time.monotonic()
    while len(origin.asked) < 2:
        assert service.media(f"{origin.url}/live", token).status == 200
        assert time.monotonic() - began < HANG
        time.sleep(0.1)


def test_workers_fetch_once_between_them(
    origin: Origin, start_service: StartService, redis_server: RedisServer
) -> None:
    service = start_service(tiers_text(origin.url), "--workers", "2", "--redis", redis_server.url)
    key = service.add_key("acme", "partner")
    while any(service.get("/api/usage", {"X-API-Key": key}).status != 200 for _ in range(20)):
        time.sleep(0.05)  # until both workers know the key
    token = {"X-Session-Token": service.token(key)}
    slow = origin.scripts["/v.ts"] = Slow()
    with ThreadPoolExecutor(30) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts", token) for _ in range(30)]
        time.sleep(0.5)
        slow.go_on.set()
        assert {digest(each.result(HANG).body) for each in watching} == {digest(BODY)}
        assert len(origin.asked) == 1
        replies = list(viewers.map(lambda _: service.media(f"{origin.url}/v.ts", token), range(30)))
    assert {(use(reply), digest(reply.body)) for reply in replies} == {("hit", digest(BODY))}
    assert len(origin.asked) == 1


def test_a_viewer_who_leaves_does_not_take_the_fetch_with_him(service: Service, origin: Origin, token: Fields) -> None:
    slow = origin.scripts["/v.ts"] = Slow()
    with ThreadPoolExecutor(2) as viewers:
        leaving = viewers.submit(leave_early, service, f"{origin.url}/v.ts", token)
        time.sleep(0.3)
        staying = viewers.submit(service.media, f"{origin.url}/v.ts", token)
        leaving.result(HANG)
        time.sleep(0.3)
        slow.go_on.set()
        assert digest(staying.result(HANG).body) == digest(BODY)
    assert len(origin.asked) == 1


def leave_early(service: Service, url: str, token: Fields) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, HANG)
    connection.request("GET", f"/api?url={quote(url, safe='')}", headers=dict(token))
    connection.getresponse().read(1000)
    time.sleep(0.5)
    connection.close()


DISK = "cache: {memory: 8MiB, disk: 100MB}\n"


def test_a_disk_outlives_a_worker_that_is_killed(origin: Origin, start_service: StartService) -> None:
    large = BODY * 3  # too large for the memory's share
    origin.scripts["/v.mp4"] = answer(large, Cache_Control="max-age=60", ETag='"a"')
    first = start_service(DISK + tiers_text(origin.url))
    token = {"X-Session-Token": first.token(first.add_key("acme", "standard"))}
    assert use(first.media(f"{origin.url}/v.mp4", token)) == "miss"
    while use(first.media(f"{origin.url}/v.mp4", token)) != "hit":
        time.sleep(0.01)  # until it is safe on the disk, the fetch is joined
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(HANG)
    state = first.folder / "state"
    cache = str(first.folder / ".sluicegate" / "cache")
    again = start_service(DISK + tiers_text(origin.url), "--cache", cache, state=state)
    reply = again.media(f"{origin.url}/v.mp4", {"X-Session-Token": again.token(again.add_key("acme2", "standard"))})
    assert (use(reply), digest(reply.body), len(origin.asked)) == ("hit", digest(large), 1)


@pytest.mark.parametrize("validated", [True, False], ids=["with a validator", "without"])
def test_a_body_that_the_disk_has_no_room_for_arrives_nevertheless(
    origin: Origin, start_service: StartService, *, validated: bool
) -> None:
    """Files may not grow beyond 400 kB: the disk is full in the middle of the body."""
    fields = {"Cache_Control": "max-age=60"} | ({"ETag": '"a"'} if validated else {})
    origin.scripts["/v.ts"] = answer(BODY, **fields)
    service = start_service(tiers_text(origin.url), limits=["--fsize=400000"])
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    for _ in range(2):
        reply = service.media(f"{origin.url}/v.ts", token)
        assert (reply.status, digest(reply.body)) == (200, digest(BODY))
    # A viewer who has all of it may leave before the gateway has looked whether there is more: that is his own cut.
    cut = re.findall(r"sluicegate_cut_short_total{.*", service.admin("/metrics").body.decode())
    assert [line for line in cut if 'by="client"' not in line] == []


def test_a_cache_that_is_turned_off_stores_nothing(origin: Origin, start_service: StartService) -> None:
    service = start_service("cache: false\n" + tiers_text(origin.url))
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    origin.scripts["/v.ts"] = answer(b"body", Cache_Control="max-age=60")
    assert [use(service.media(f"{origin.url}/v.ts", token)) for _ in range(2)] == ["", ""]
    assert len(origin.asked) == 2


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OFFENCES = {
    "large": {"traceparent": TRACE, "tracestate": "a=" + "x" * 9000},
    "an attack": {"traceparent": TRACE, "tracestate": "a=../../etc/passwd"},
    "a later version of traceparent": {"traceparent": f"01{TRACE[2:]}-../../etc/passwd"},
    "CMCD": {"CMCD-Session": 'sid="../../etc/passwd"'},
}


def touchy(how: str, begun: threading.Event, go_on: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """Waits to be told, and then takes offence at what a firewall does, by a status or by ending the connection."""

    def script(request: BaseHTTPRequestHandler) -> None:
        begun.set()
        go_on.wait(HANG)
        said = str(request.headers)
        if "../" not in said and len(said) < 8000:
            answer(BODY, Content_Type="video/mp2t")(request)
        elif how == "reset":
            request.close_connection = True
        else:
            answer(b"no", int(how), Content_Type="text/plain")(request)

    return script


@pytest.mark.parametrize("how", ["400", "403", "431", "reset"])
@pytest.mark.parametrize("offence", OFFENCES.values(), ids=OFFENCES)
def test_what_an_origin_refuses_for_one_players_words_is_not_refused_to_those_who_ask_for_the_same(
    origin: Origin, start_service: StartService, offence: Fields, how: str
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    origin.scripts["/v.ts"] = touchy(how, begun, go_on)
    told = f"{{url: '{origin.url}', cmcd: true}}"
    service = start_service(tiers_text(told))
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    with ThreadPoolExecutor(2) as viewers:
        first = viewers.submit(service.media, f"{origin.url}/v.ts", {**token, **offence})
        assert begun.wait(HANG)
        other = viewers.submit(service.media, f"{origin.url}/v.ts", token)
        service.wait_for_gauge("running_requests", 2)
        go_on.set()
        replies = [first.result(HANG), other.result(HANG)]
    assert [digest(reply.body) for reply in replies] == [digest(BODY)] * 2
    assert [use(reply) for reply in replies] == ["miss", "joined"]


def test_an_error_that_no_words_have_led_to_is_asked_for_once(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(b"no", 403)
    for said in ({"traceparent": TRACE}, {"CMCD-Session": 'sid="a"'}, {"Range": "bytes=0-"}, {}):
        origin.asked.clear()
        assert service.media(f"{origin.url}/v.ts", {**token, **said}).status == 403
        assert len(origin.asked) == 1
    origin.asked.clear()
    assert service.media(f"{origin.url}/none", {**token, **OFFENCES["large"]}).status == 404
    assert len(origin.asked) == 1


def test_all_of_a_body_is_asked_for_in_the_same_words_whoever_begins(
    service: Service, origin: Origin, token: Fields
) -> None:
    assert service.media(f"{origin.url}/none", {**token, "Range": "BYTES=000-"}).status == 404
    assert origin.asked[0][2]["Range"] == "bytes=0-"
