"""Whatever becomes of a fetch that many share, each viewer has his body whole, or sees that it is not."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from tests.conftest import StartService
from tests.handlers.test_cache import BODY, FRESH, Fields, Slow, digest, use
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service, opened, tiers_text


def drafts(service: Service) -> int:
    """Bodies' files that are open in the gateway."""
    return sum("/bodies/" in path for path in opened(service.process.pid))


def wait_for_the_end(service: Service) -> None:
    """Until nothing is fetched any more, and what was is stored if it may be."""
    service.wait_for_gauge("origin_transfers", 0)
    deadline = time.monotonic() + HANG
    while drafts(service):
        assert time.monotonic() < deadline, "a body's file stays open"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("status", "fields"),
    [(200, {}), (404, {}), (302, {"Location": "/else.ts"}), (301, {"Location": "/else.ts"})],
    ids=["200", "404", "302", "301"],
)
def test_a_body_of_nothing_holds_nothing_open(
    service: Service, origin: Origin, token: Fields, status: int, fields: Fields
) -> None:
    origin.scripts["/v.ts"] = answer(b"", status, **fields)
    origin.scripts["/else.ts"] = answer(b"else", Content_Type="video/mp2t", Cache_Control="no-store")
    for _ in range(5):
        service.media(f"{origin.url}/v.ts", token)
    wait_for_the_end(service)


def test_a_part_goes_on_with_its_own_bytes_when_the_disk_is_full(origin: Origin, start_service: StartService) -> None:
    go_on = threading.Event()

    def script(request: BaseHTTPRequestHandler) -> None:
        first, last = (int(part) for part in request.headers["Range"].removeprefix("bytes=").split("-"))
        part = BODY[first : last + 1]
        told = {"Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{len(BODY)}"}
        send_head(request, 206, {"Content-Type": "video/mp2t", **FRESH, **told})
        request.wfile.write(part[:100_000])
        go_on.wait(HANG)
        request.wfile.write(part[100_000:])

    origin.scripts["/v.ts"] = script
    service = start_service(tiers_text(origin.url), limits=["--fsize=300000"])
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    asked = {**token, "Range": "bytes=100000-599999"}
    with ThreadPoolExecutor(4) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts", asked) for _ in range(4)]
        time.sleep(0.5)
        go_on.set()
        replies = [each.result(HANG) for each in watching]
    assert {(reply.status, digest(reply.body)) for reply in replies} == {(206, digest(BODY[100_000:600_000]))}


def test_who_comes_after_the_disk_was_full_asks_for_himself(origin: Origin, start_service: StartService) -> None:
    """Without a validator nobody but one viewer can have the rest of the body that had no room."""
    slow = origin.scripts["/v.ts"] = Slow({"Cache-Control": "max-age=60"})
    service = start_service(tiers_text(origin.url), limits=["--fsize=200000"])
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    with ThreadPoolExecutor(2) as viewers:
        first = viewers.submit(service.media, f"{origin.url}/v.ts", token)
        time.sleep(0.5)
        second = viewers.submit(service.media, f"{origin.url}/v.ts", token)
        time.sleep(0.5)
        slow.go_on.set()
        assert digest(first.result(HANG).body) == digest(BODY)
        assert digest(second.result(HANG).body) == digest(BODY)
    assert len(origin.asked) == 2


def test_a_body_shorter_than_its_range_is_cut_where_all_see_it_and_not_kept(
    service: Service, origin: Origin, token: Fields
) -> None:
    """What says that it is bytes 0 to 9 of 10, and ends after five."""

    def script(request: BaseHTTPRequestHandler) -> None:
        told = {"Content-Range": "bytes 0-9/10", "Cache-Control": "max-age=60", "Transfer-Encoding": "chunked"}
        send_head(request, 206, {"Content-Type": "video/mp2t", **told})
        request.wfile.write(b"5\r\nhello\r\n0\r\n\r\n")

    origin.scripts["/v.ts"] = script
    for _ in range(2):
        with pytest.raises(http.client.IncompleteRead):
            service.media(f"{origin.url}/v.ts", {**token, "Range": "bytes=0-"})
    assert len(origin.asked) == 2


def test_a_range_that_nothing_meets_is_not_what_others_get(service: Service, origin: Origin, token: Fields) -> None:
    """An empty file, of which a player asks ``bytes=0-`` while another asks for all of it."""
    go_on = threading.Event()

    def script(request: BaseHTTPRequestHandler) -> None:
        ranged = "Range" in request.headers
        if ranged:
            go_on.wait(HANG)
        answer(b"empty" if ranged else b"", 416 if ranged else 200)(request)

    origin.scripts["/v.ts"] = script
    with ThreadPoolExecutor(2) as viewers:
        ranged = viewers.submit(service.media, f"{origin.url}/v.ts", {**token, "Range": "bytes=0-"})
        time.sleep(0.3)
        whole = viewers.submit(service.media, f"{origin.url}/v.ts", token)
        time.sleep(0.3)
        go_on.set()
        assert [each.result(HANG).status for each in (ranged, whole)] == [416, 200]


def test_a_redirect_is_kept_though_nobody_reads_its_body(service: Service, origin: Origin, token: Fields) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 301, {"Location": "/else.ts", "Content-Length": "1000", "Content-Type": "text/html"})
        request.wfile.flush()
        time.sleep(0.1)
        request.wfile.write(bytes(1000))

    origin.scripts["/v.ts"] = script
    origin.scripts["/else.ts"] = answer(b"else", Content_Type="video/mp2t", Cache_Control="max-age=60")
    for _ in range(3):
        assert service.media(f"{origin.url}/v.ts", token).body == b"else"
        wait_for_the_end(service)
    assert [path for _, path, _ in origin.asked] == ["/v.ts", "/else.ts"]


def test_a_folder_that_cannot_be_used_spoils_no_body(origin: Origin, start_service: StartService) -> None:
    """A viewer who is slower than the fetch reads on, whatever number other files get."""
    origin.scripts["/v.ts"] = answer(large := BODY * 10, Cache_Control="max-age=60")
    origin.scripts["/other.ts"] = answer(bytes(len(BODY)), Cache_Control="max-age=60")
    service = start_service("cache: {memory: 64MiB, disk: 8MiB}\n" + tiers_text(origin.url), "--cache", "tiers.yaml/no")
    token = {"X-Session-Token": service.token(service.add_key("acme", "partner"))}
    connection = http.client.HTTPConnection("127.0.0.1", service.port, HANG)
    connection.request("GET", f"/api?url={quote(origin.url + '/v.ts', safe='')}", headers=dict(token))
    slow = connection.getresponse()
    start = slow.read(1000)
    assert digest(service.media(f"{origin.url}/v.ts", token).body) == digest(large)
    service.wait_for_gauge("origin_transfers", 0)
    for number in range(10):
        service.media(f"{origin.url}/other.ts?{number}", token)
    assert digest(start + slow.read()) == digest(large)
    connection.close()
    assert use(service.media(f"{origin.url}/v.ts", token)) == "hit"


def test_who_comes_when_a_growing_body_is_stale_asks_anew(service: Service, origin: Origin, token: Fields) -> None:
    slow = origin.scripts["/v.ts"] = Slow({"Cache-Control": "max-age=4", "ETag": '"a"'})
    with ThreadPoolExecutor(3) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts", token) for _ in range(2)]
        service.wait_for_gauge("running_requests", 2)
        time.sleep(4.2)
        assert len(origin.asked) == 1
        watching.append(viewers.submit(service.media, f"{origin.url}/v.ts", token))
        service.wait_for_gauge("running_requests", 3)
        slow.go_on.set()
        assert {digest(each.result(HANG).body) for each in watching} == {digest(BODY)}
    assert len(origin.asked) == 2


def test_a_head_that_is_answered_from_the_cache_reads_nothing(service: Service, origin: Origin, token: Fields) -> None:
    origin.scripts["/v.ts"] = answer(BODY, Cache_Control="max-age=60")
    service.media(f"{origin.url}/v.ts", token)
    for fields in ({}, {"Range": "bytes=5-9"}):
        reply = service.media(f"{origin.url}/v.ts", {**token, **fields}, "HEAD")
        assert (reply.status, reply.headers["Content-Length"], use(reply)) == (200, str(len(BODY)), "hit")
    service.wait_for_log(r'(?s)"method": "HEAD".*"method": "HEAD"')  # a line is written after its answer
    records = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    assert [record["sent"] for record in records if record.get("method") == "HEAD"] == [0, 0]


@pytest.mark.parametrize("asked", ["bytes=0-", None], ids=["by a range of all", "plainly"])
def test_a_body_without_a_length_is_one_fetch(
    service: Service, origin: Origin, token: Fields, asked: str | None
) -> None:
    slow = origin.scripts["/v.ts"] = Slow(chunked=True)
    fields = {**token, "Range": asked} if asked else token
    with ThreadPoolExecutor(5) as viewers:
        watching = [viewers.submit(service.media, f"{origin.url}/v.ts", fields) for _ in range(5)]
        time.sleep(0.5)
        slow.go_on.set()
        assert {digest(each.result(HANG).body) for each in watching} == {digest(BODY)}
    assert len(origin.asked) == 1


def test_a_disk_that_is_emptied_is_filled_again(origin: Origin, start_service: StartService) -> None:
    large = BODY * 2

    def script(request: BaseHTTPRequestHandler) -> None:
        same = request.headers.get("If-None-Match") == '"a"'
        answer(b"" if same else large, 304 if same else 200, Cache_Control="no-cache", ETag='"a"')(request)

    origin.scripts["/v.ts"] = script
    service = start_service("cache: {memory: 8MiB, disk: 64MiB}\n" + tiers_text(origin.url))
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}

    def uses() -> list[str]:
        seen = []
        for _ in range(3):
            reply = service.media(f"{origin.url}/v.ts", token)
            assert digest(reply.body) == digest(large)
            seen.append(use(reply))
            wait_for_the_end(service)
        return seen

    assert uses() == ["miss", "confirmed", "confirmed"]
    cache = service.folder / ".sluicegate" / "cache"
    for body in (cache / "bodies").iterdir():
        body.unlink()
    assert uses() == ["", "miss", "confirmed"]  # at first the origin says that it has not changed
    shutil.rmtree(cache)
    assert uses()[-1] == "confirmed"
