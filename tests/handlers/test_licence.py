"""Licence servers, which players ask by POST: once, under a grant for it, and for nobody else."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from urllib.parse import urljoin

import pytest

from gateway.identity import POST, Grants, Keyring, Marks, Scope
from gateway.policy import Credential, Identity
from tests.conftest import StartService
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Reply, Service, tiers_text

CHALLENGE = {"Content-Type": "text/xml; charset=utf-8", "Accept": "application/json", "SOAPAction": '"AcquireLicense"'}


def address(service: Service, key: str, target: str, marks: Marks = POST) -> str:
    """The address under ``/play`` that leads to a licence server's."""
    scheme, _, rest = target.partition("://")
    authority, slash, path = rest.partition("/")
    grants = Grants(Keyring.load(service.keyring), time.time)
    identity = Identity(Credential.KEY, key[3:11], key[3:11], "acme", "standard", "viewing")
    grant = grants.mint(identity, Scope(f"{scheme}://{authority}", "/"), int(time.time()), 21600, marks)
    return f"/play/{grant}/{authority}{slash}{path}"


def post(service: Service, path: str, content: bytes, fields: Mapping[str, str] | None = None) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=HANG)
    try:
        connection.request("POST", path, content, dict(fields or {}))
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def refuse(request: BaseHTTPRequestHandler) -> None:
    """Has read what it does not want."""
    request.rfile.read(int(request.headers.get("Content-Length", 0)))
    answer(b'{"error": "not now"}', 503, Content_Type="application/json")(request)


def echo(request: BaseHTTPRequestHandler) -> None:
    """Answers with what it was sent, and lets everybody keep it."""
    content = request.rfile.read(int(request.headers["Content-Length"]))
    fields = {"Content-Length": str(len(content)), "Content-Type": "application/json", "Cache-Control": "max-age=60"}
    send_head(request, 200, fields)
    request.wfile.write(content)


@pytest.fixture
def key(service: Service) -> str:
    return service.add_key("acme", "standard")


def test_a_request_reaches_the_licence_server_and_the_answer_the_player(
    service: Service, origin: Origin, key: str
) -> None:
    origin.scripts["/lic"] = echo
    content = bytes(range(256)) * 256
    assert len(content) == 64 * 1024
    reply = post(service, address(service, key, f"{origin.url}/lic?a=1"), content, {**CHALLENGE, "Cookie": "c=1"})
    assert (reply.status, reply.body) == (200, content)
    assert (reply.headers["Content-Type"], reply.headers["Cache-Control"]) == ("application/json", "no-store")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    [(method, path, fields)] = origin.asked
    assert (method, path) == ("POST", "/lic?a=1")
    assert {name: fields[name] for name in CHALLENGE} == CHALLENGE
    assert "Cookie" not in fields


def test_no_content_type_is_invented(service: Service, origin: Origin, key: str) -> None:
    origin.scripts["/lic"] = echo
    assert post(service, address(service, key, f"{origin.url}/lic"), b"\x08\x04").body == b"\x08\x04"
    assert "Content-Type" not in origin.asked[0][2]


def test_a_manifests_grant_for_a_licence_server_opens_nothing_beside_it(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    protected = f"<ContentProtection><Laurl>{origin.url}/drm/lic</Laurl></ContentProtection>"
    origin.scripts["/drm/m.mpd"] = answer(f"<MPD><Period>{protected}</Period></MPD>".encode())
    origin.scripts |= {"/drm/lic": echo, "/drm/admin": echo}
    text = service.media(f"{origin.url}/drm/m.mpd", token).body.decode()
    path = re.findall("<Laurl>.*?(/play/.*?)</Laurl>", text)[0]
    origin.asked.clear()
    assert post(service, path, b"{}").status == 200
    assert post(service, path.replace("/drm/lic", "/drm/admin"), b"{}").status == 403
    assert [asked for _, asked, _ in origin.asked] == ["/drm/lic"]


def test_a_licence_server_beneath_the_manifests_own_grant_has_one_that_takes_post(
    service: Service, origin: Origin, key: str
) -> None:
    protected = b'#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT="com.microsoft.playready",URI="lic"'
    origin.scripts["/drm/l.m3u8"] = answer(b"#EXTM3U\n%s\n#EXTINF:4,\nv.ts\n" % protected)
    origin.scripts["/drm/lic"] = echo
    playlist = address(service, key, f"{origin.url}/drm/l.m3u8", ())
    led = re.findall('URI="(.*?)"', service.get(playlist).body.decode())[0]
    assert post(service, urljoin(playlist, led), b"{}").body == b"{}"


def test_another_grant_takes_no_post(service: Service, origin: Origin, key: str) -> None:
    reply = post(service, address(service, key, f"{origin.url}/lic", ()), b"{}")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert origin.asked == []


def test_api_takes_no_post(service: Service, token: dict[str, str]) -> None:
    assert service.media("http://o.example/", token, "POST").status == 405


def test_a_licence_server_can_be_asked_by_get_too(service: Service, origin: Origin, key: str) -> None:
    origin.scripts["/certificate"] = answer(b"cert")
    assert service.get(address(service, key, f"{origin.url}/certificate")).body == b"cert"


def test_more_than_64_kib_are_refused(service: Service, origin: Origin, key: str) -> None:
    path = address(service, key, f"{origin.url}/lic")
    assert post(service, path, b"x" * (64 * 1024 + 1)).status == 413
    assert post(service, "/api/auth", b"x" * (8 * 1024 + 1)).status == 413
    assert origin.asked == []


def test_a_request_is_sent_once_whatever_becomes_of_it(service: Service, origin: Origin, key: str) -> None:
    def lose(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        request.close_connection = True

    origin.scripts |= {"/lose": lose, "/lic": echo}
    assert post(service, address(service, key, f"{origin.url}/lic"), b"{}").status == 200  # leaves a connection behind
    assert post(service, address(service, key, f"{origin.url}/lose"), b"{}").status == 502
    assert [path for _, path, _ in origin.asked] == ["/lic", "/lose"]


def test_no_two_players_share_an_answer(service: Service, origin: Origin, key: str) -> None:
    both = threading.Barrier(2, timeout=HANG)

    def together(request: BaseHTTPRequestHandler) -> None:
        both.wait()
        echo(request)

    origin.scripts |= {"/together": together, "/lic": echo}
    path = address(service, key, f"{origin.url}/together")
    with ThreadPoolExecutor() as players:
        replies = players.map(lambda content: post(service, path, content).body, (b"one", b"two"))
        assert list(replies) == [b"one", b"two"]
    path = address(service, key, f"{origin.url}/lic")
    assert [post(service, path, content).body for content in (b"one", b"two")] == [b"one", b"two"]


def test_no_fallback_is_asked(start_service: StartService, origin: Origin) -> None:
    backup = Origin.start()
    try:
        backup.scripts["/lic"] = answer(b"backup")
        origin.scripts["/lic"] = refuse
        service = start_service(tiers_text(f"{{url: '{origin.url}', fallback: ['{backup.url}']}}"))
        key = service.add_key("acme", "standard")
        path = address(service, key, f"{origin.url}/lic")
        assert post(service, path, b"{}").status == 503
        assert backup.asked == []
        assert service.get(path).body == b"backup"
        assert service.get(f"{path}?head", method="HEAD").status == 200
        assert [method for method, *_ in backup.asked] == ["GET", "HEAD"]
    finally:
        backup.stop()


def test_a_redirect_that_keeps_the_request_is_followed(service: Service, origin: Origin, key: str) -> None:
    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        answer(b"", int(request.path[1:4]), Location="/lic")(request)

    origin.scripts |= {f"/{status}": elsewhere for status in (301, 302, 303, 307, 308)} | {"/lic": echo}
    replies = {
        status: post(service, address(service, key, f"{origin.url}/{status}"), b"{}")
        for status in (301, 302, 303, 307, 308)
    }
    assert {status: reply.status for status, reply in replies.items()} == {
        301: 502,
        302: 502,
        303: 502,
        307: 200,
        308: 200,
    }
    assert replies[307].body == b"{}"
    assert [path for method, path, _ in origin.asked if method == "POST"].count("/lic") == 2


def test_what_the_origins_do_not_allow_gets_no_request(service: Service, origin: Origin, key: str) -> None:
    reply = post(service, address(service, key, "http://127.0.0.1:1/lic"), b"{}")
    assert (reply.status, json.loads(reply.body)["error"]) == (403, "Origin not allowed")


def test_an_error_of_the_licence_server_is_the_players_to_read(service: Service, origin: Origin, key: str) -> None:
    origin.scripts["/lic"] = refuse
    reply = post(service, address(service, key, f"{origin.url}/lic"), b"{}")
    assert (reply.status, reply.json) == (503, {"error": "not now"})


def test_a_page_may_ask_with_what_licence_requests_carry(service: Service) -> None:
    reply = service.get("/play/x/y/z", method="OPTIONS")
    assert "POST" in reply.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"Content-Type", "SOAPAction"} <= set(reply.headers["Access-Control-Allow-Headers"].split(", "))
