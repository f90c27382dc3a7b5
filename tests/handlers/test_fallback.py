"""An origin that fails before it answers: another is asked in its place, as ``tiers.yaml`` says."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.conftest import StartService
from tests.handlers.test_resume import BODY, Breaking
from tests.scripted_origin import Origin, Script, answer, send_head
from tests.service import Service, tiers_text

PLAYLIST = b"#EXTM3U\n#EXTINF:4,\nseg-1.ts\n#EXT-X-ENDLIST\n"


@pytest.fixture
def backup() -> Iterator[Origin]:
    started = Origin.start()
    started.scripts["/v.ts"] = answer(b"backup")
    yield started
    started.stop()


def uncached(*origins: str) -> str:
    """The tiers, with every request an origin's."""
    return "cache: false\n" + tiers_text(*origins)


def entry(url: str, *fallbacks: str) -> str:
    return f"{{url: '{url}', fallback: [{', '.join(fallbacks)}], connect_timeout: 2s, stall_timeout: 1s}}"


@pytest.fixture
def before(origin: Origin, backup: Origin, start_service: StartService) -> Service:
    """A gateway before the origin and its fallback."""
    return start_service(uncached(entry(origin.url, backup.url)))


def token(service: Service) -> dict[str, str]:
    return {"X-Session-Token": service.token(service.add_key("acme", "standard"))}


def metrics(service: Service, name: str) -> list[str]:
    """The values of one metric, with their labels."""
    return re.findall(rf"^sluicegate_{name}(\{{.*)$", service.admin("/metrics").body.decode(), re.MULTILINE)


def silent(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read(1)
    request.close_connection = True


def lost(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


@pytest.mark.parametrize(
    "script",
    [silent, lost, answer(b"", 502), answer(b"down", 503), answer(b"", 504), answer(b"", 600)],
    ids=["no answer", "lost", "502", "503", "504", "no HTTP"],
)
def test_the_fallback_is_asked_the_same(before: Service, origin: Origin, backup: Origin, script: Script) -> None:
    origin.scripts["/v.ts"] = script
    shown = token(before) | {"If-None-Match": '"x"'}
    for method, body in (("GET", b"backup"), ("HEAD", b"")):
        reply = before.media(f"{origin.url}/v.ts?a=b%20c&a", shown, method)
        assert (reply.status, reply.body) == (200, body)
    assert [asked[:2] for asked in backup.asked] == [("GET", "/v.ts?a=b%20c&a"), ("HEAD", "/v.ts?a=b%20c&a")]
    assert backup.asked[0][2]["If-None-Match"] == '"x"'
    assert backup.asked[0][2]["Host"] == backup.url.removeprefix("http://")
    assert len(origin.asked) == 2
    assert metrics(before, "origin_fallbacks_total") == [f'{{origin="{origin.url}"}} 2.0']


def test_any_other_answer_is_the_answer(before: Service, origin: Origin, backup: Origin) -> None:
    shown = token(before)
    for status in (200, 206, 304, 403, 404, 416, 429, 500, 501):
        origin.scripts["/v.ts"] = answer(b"" if status == 304 else b"first", status)
        assert before.media(f"{origin.url}/v.ts", shown).status == status
    assert backup.asked == []


def test_an_origin_that_refuses_connections_is_stood_in_for_until_its_fallback_fails_too(
    backup: Origin, start_service: StartService
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        service = start_service(uncached(entry(url, backup.url)))
        shown = token(service)
        assert [service.media(f"{url}/v.ts", shown).body for _ in range(8)] == [b"backup"] * 8
        assert metrics(service, "origin_failures_total") == [f'{{origin="{url}",reason="connect"}} 5.0']
        assert f'{{origin="{url}"}} 2.0' in metrics(service, "origin_state")
        backup.scripts["/v.ts"] = lost
        replies = [service.media(f"{url}/v.ts", shown) for _ in range(8)]
    assert {(reply.status, reply.json["error"]) for reply in replies} == {(502, "Origin unreachable")}
    assert int(replies[-1].headers["Retry-After"]) >= 1
    assert len(re.findall("is left alone after 5 failures in a row", service.log.read_text())) == 2


def test_references_in_a_fallbacks_playlist_stay_with_the_first_origin(
    before: Service, origin: Origin, backup: Origin
) -> None:
    origin.scripts |= {"/x/live.m3u8": answer(b"", 503), "/x/seg-1.ts": answer(b"first's")}
    backup.scripts["/x/live.m3u8"] = answer(PLAYLIST, Content_Type="application/vnd.apple.mpegurl")
    playlist = before.media(f"{origin.url}/x/live.m3u8", token(before))
    segment = next(line for line in playlist.body.decode().splitlines() if not line.startswith("#"))
    assert before.get(segment).body == b"first's"


def test_a_fallbacks_redirect_is_judged_like_any_other(before: Service, origin: Origin, backup: Origin) -> None:
    origin.scripts |= {"/v.ts": lost, "/w.ts": answer(b"moved")}
    backup.scripts["/v.ts"] = answer(b"", 302, Location="/w.ts")
    shown = token(before)
    assert before.media(f"{origin.url}/v.ts", shown).body == b"moved"
    for elsewhere in (f"{backup.url}/w.ts", "http://127.0.0.1:1/", "http://169.254.169.254/latest"):
        backup.scripts["/v.ts"] = answer(b"", 302, Location=elsewhere)
        assert before.media(f"{origin.url}/v.ts", shown).json["error"] == "Origin not allowed"


def test_a_fallback_is_no_origin_that_clients_may_name(before: Service, origin: Origin, backup: Origin) -> None:
    reply = before.media(f"{backup.url}/v.ts", token(before))
    assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")
    assert backup.asked == []


def test_a_body_that_broke_off_is_not_begun_again_by_the_fallback(
    before: Service, origin: Origin, backup: Origin
) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "10"})
        request.wfile.write(b"first")
        request.close_connection = True

    origin.scripts["/v.ts"] = broken
    with pytest.raises(http.client.IncompleteRead) as cut:
        before.media(f"{origin.url}/v.ts", token(before))
    assert cut.value.partial == b"first"
    assert backup.asked == []


@pytest.mark.parametrize(("etag", "is_whole"), [('"a"', True), ('"b"', False)])
def test_the_rest_of_a_body_is_had_of_a_fallback_that_has_the_same(
    before: Service, origin: Origin, backup: Origin, etag: str, *, is_whole: bool
) -> None:
    origin.scripts["/v.ts"] = Breaking(iter([100_000, 0, 0, 0, 0, 0]))
    backup.scripts["/v.ts"] = Breaking(iter([]), {"ETag": etag})
    first = origin.scripts["/v.ts"]

    def once(request: BaseHTTPRequestHandler) -> None:
        (first if len(origin.asked) == 1 else lost)(request)

    origin.scripts["/v.ts"] = once
    shown = token(before)
    if is_whole:
        assert before.media(f"{origin.url}/v.ts", shown).body == BODY
        assert backup.asked[0][2]["Range"] == "bytes=100000-299999"
    else:
        with pytest.raises(http.client.IncompleteRead) as cut:
            before.media(f"{origin.url}/v.ts", shown)
        assert cut.value.partial == BODY[:100_000]


def test_the_rest_of_a_body_is_had_of_a_fallback_where_the_origin_says_that_it_is_down(
    before: Service, origin: Origin, backup: Origin
) -> None:
    breaking = Breaking(iter([100_000]))

    def once(request: BaseHTTPRequestHandler) -> None:
        (breaking if len(origin.asked) == 1 else answer(b"down", 503))(request)

    origin.scripts["/v.ts"] = once
    backup.scripts["/v.ts"] = Breaking(iter([]))
    assert before.media(f"{origin.url}/v.ts", token(before)).body == BODY
    assert backup.asked[0][2]["Range"] == "bytes=100000-299999"


def test_a_fallback_that_has_another_body_does_not_keep_the_origin_from_being_asked_again(
    before: Service, origin: Origin, backup: Origin
) -> None:
    breaking = Breaking(iter([100_000]))

    def back_at_the_third(request: BaseHTTPRequestHandler) -> None:
        (lost if len(origin.asked) == 2 else breaking)(request)

    origin.scripts["/v.ts"] = back_at_the_third
    backup.scripts["/v.ts"] = Breaking(iter([]), {"ETag": '"b"'})
    assert before.media(f"{origin.url}/v.ts", token(before)).body == BODY
    assert (len(origin.asked), len(backup.asked)) == (3, 1)


def test_an_edit_holds_from_the_next_request_on(before: Service, origin: Origin, backup: Origin) -> None:
    origin.scripts["/v.ts"] = answer(b"down", 503)
    shown = token(before)
    assert before.media(f"{origin.url}/v.ts", shown).body == b"backup"
    (before.folder / "tiers.yaml").write_text(uncached(origin.url))
    before.reload()
    assert before.media(f"{origin.url}/v.ts", shown).body == b"down"


def test_the_gateway_itself_is_no_fallback(origin: Origin, start_service: StartService) -> None:
    service = start_service(uncached(origin.url))
    own = f"http://127.0.0.1:{service.port}"
    (service.folder / "tiers.yaml").write_text(uncached(entry(origin.url, own)))
    service.reload()
    origin.scripts["/readyz"] = answer(b"down", 503)
    assert service.media(f"{origin.url}/readyz", token(service)).body == b"down"
    service.wait_for_log(re.escape(f"{own} is this gateway itself, and no fallback of {origin.url}"))


def test_nothing_but_get_and_head_reaches_an_origin(before: Service, origin: Origin, backup: Origin) -> None:
    shown = token(before)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert before.media(f"{origin.url}/v.ts", shown, method).status == 405
    assert origin.asked == backup.asked == []


def test_a_hang_before_the_head_is_told_after_the_time_that_the_file_gives(
    origin: Origin, start_service: StartService
) -> None:
    service = start_service(uncached(f"{{url: '{origin.url}', stall_timeout: 1s}}"))
    origin.scripts["/v.ts"] = silent
    reply = service.media(f"{origin.url}/v.ts", token(service))
    assert (reply.status, reply.json["error"]) == (504, "Origin timed out")
    assert metrics(service, "origin_failures_total") == [f'{{origin="{origin.url}",reason="timeout"}} 1.0']


def test_a_client_that_pauses_for_longer_than_an_origin_may_stall_gets_the_rest(
    origin: Origin, start_service: StartService
) -> None:
    body = bytes(8 * 2**20)
    origin.scripts["/v.ts"] = answer(body)
    service = start_service(uncached(f"{{url: '{origin.url}', stall_timeout: 1s}}"))
    connection = http.client.HTTPConnection("127.0.0.1", service.port, 20)
    connection.request("GET", f"/api?url={origin.url}/v.ts", headers=token(service))
    reply = connection.getresponse()
    time.sleep(3)
    assert len(reply.read()) == len(body)
    connection.close()
