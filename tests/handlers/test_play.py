"""Playback grants in the path, and what they do not open."""

from __future__ import annotations

import time
from urllib.parse import urljoin

import jwt
import pytest

from gateway.identity import Grants, Keyring, Scope
from gateway.policy import Credential, Identity
from tests.conftest import StartService
from tests.scripted_origin import Origin, answer
from tests.service import Service, send_raw, tiers_text

SOURCES = [f"127.0.1.{number}" for number in range(1, 9)]
"""Addresses to fail from: one that has failed often waits for its answers."""


def grant_for(service: Service, key: str, scope: Scope, tier: str = "standard", age: int = 0) -> str:
    key_id = key[3:11]
    identity = Identity(Credential.KEY, key_id, key_id, "acme", tier, "viewing")
    grants = Grants(Keyring.load(service.keyring), time.time)
    return grants.mint(identity, scope, int(time.time()) - age, 21600)


@pytest.fixture
def service(standing_service: Service) -> Service:
    return standing_service


@pytest.fixture
def origin(standing_origin: Origin) -> Origin:
    return standing_origin.renewed()


@pytest.fixture
def key(service: Service) -> str:
    return service.add_key("acme", "standard")


@pytest.fixture
def host(origin: Origin) -> str:
    for path in ("/a/b/v.ts", "/a/bc/v.ts", "/a/v.ts", "/v.ts"):
        origin.scripts[path] = answer(b"video")
    return origin.url.removeprefix("http://")


def test_a_grant_opens_what_lies_beneath_its_prefix(service: Service, origin: Origin, key: str, host: str) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts").body == b"video"
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts", method="HEAD").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/a/v.ts",
        "/v.ts",
        "/a/bc/v.ts",
        "/a/b",
        "/a/b/../v.ts",
        "/a/b/%2e%2e/v.ts",
        "/a/b/.%2E/v.ts",
        "/a/b/..%2fv.ts",
        "/a/b/..%5cv.ts",
        "/a/b/..\\v.ts",
        "/a/b/..;/v.ts",
        "/a/b//v.ts",
        "//a/b/v.ts",
        "/a/b/./v.ts",
        "/a/b/%00v.ts",
        "/%61/b/v.ts",
        "/A/b/v.ts",
    ],
)
def test_a_grant_opens_nothing_else(service: Service, origin: Origin, key: str, host: str, path: str) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    reply = service.get(f"/play/{grant}/{host}{path}")
    assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")
    assert origin.asked == []


@pytest.mark.parametrize(
    "authority", ["127.0.0.1:1", "127.0.0.2:{port}", "127.0.0.1", "evil.example", "127.0.0.1:{port}@x"]
)
def test_a_grant_opens_no_other_host_or_port(
    service: Service, origin: Origin, key: str, host: str, authority: str
) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    reply = service.get(f"/play/{grant}/{authority.format(port=host.rpartition(':')[2])}/a/b/v.ts")
    assert reply.status in {400, 403}
    assert origin.asked == []


def test_a_grant_that_is_not_whole_or_not_current_is_refused(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    scope = Scope(origin.url, "/a/b/")
    good = grant_for(service, key, scope)
    wrong = [good[:-1], good + "=", good[1:], "x", grant_for(service, key, scope, age=21600), service.token(key)]
    wrong += [grant_for(service, key, scope, tier="partner"), grant_for(service, "sg_nobodyxx_", scope)]
    for grant, source in zip(wrong, SOURCES, strict=False):
        reply = service.get(f"/play/{grant}/{host}/a/b/v.ts", source=source)
        assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")
    assert origin.asked == []


def test_a_grant_is_no_session_token(service: Service, origin: Origin, key: str) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/"))
    assert service.get("/api/usage", {"X-Session-Token": grant}).status == 401


def test_a_grant_of_a_tier_that_does_not_stream_opens_nothing(service: Service, origin: Origin, host: str) -> None:
    identity = Identity(Credential.KEY, "open-public", "open-public", "open-public", "public", "viewing")
    grants = Grants(Keyring.load(service.keyring), time.time)
    grant = grants.mint(identity, Scope(origin.url, "/"), int(time.time()), 600)
    reply = service.get(f"/play/{grant}/{host}/a/b/v.ts")
    assert (reply.status, reply.json["error"]) == (403, "Access denied")
    assert origin.asked == []


def test_a_grant_ends_with_its_key(service: Service, origin: Origin, key: str, host: str) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts").status == 200
    service.key_file().revoke("acme")
    service.reload()
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts").status == 401


def test_a_grant_for_an_origin_that_left_the_file_is_refused(start_service: StartService, origin: Origin) -> None:
    service = start_service(tiers_text(origin.url))
    key = service.add_key("acme", "standard")
    grant = grant_for(service, key, Scope(origin.url, "/"))
    (service.folder / "tiers.yaml").write_text(tiers_text())
    service.reload()
    reply = service.get(f"/play/{grant}/{origin.url.removeprefix('http://')}/v.ts")
    assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")


def test_headers_that_a_player_puts_on_every_request_do_not_disturb_a_grant(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts", {"X-Session-Token": "old", "X-API-Key": "x"}).status == 200


def test_a_session_token_that_a_player_carries_over_does_not_reach_the_origin(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    token = service.token(key)
    assert service.get(f"/play/{grant}/{host}/a/b/v.ts?x=1&token={token}&token=own").status == 200
    assert origin.asked[-1][1] == "/a/b/v.ts?x=1&token=own"


def test_a_token_that_the_origin_has_given_reaches_it_though_it_is_a_jwt(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    theirs = jwt.encode({"path": "/a/b"}, "a secret of the origin's, and long enough", "HS256")
    for token in (theirs, grant):  # a grant of a gateway that stands before this one
        assert service.get(f"/play/{grant}/{host}/a/b/v.ts?token={token}").status == 200
        assert origin.asked[-1][1] == f"/a/b/v.ts?token={token}"


def test_relative_references_within_the_prefix_stay_untouched(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    playlist = b"#EXTM3U\r\n#EXTINF:4,\r\nv.ts?x=1\r\n#EXTINF:4,\r\n../v.ts\r\n#EXTINF:4,\r\n/a/b/v.ts\r\n"
    origin.scripts["/a/b/l.m3u8"] = answer(playlist)
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    lines = service.get(f"/play/{grant}/{host}/a/b/l.m3u8").body.decode().split("\r\n")
    assert lines[2] == "v.ts?x=1"
    assert lines[4].endswith("/a/v.ts")
    assert grant not in lines[4]
    assert lines[6] == f"/play/{grant}/{host}/a/b/v.ts"
    assert service.get(lines[4]).body == b"video"
    assert service.get(lines[6]).body == b"video"


def test_a_reference_that_climbs_out_of_the_top_is_not_left_to_the_player(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    origin.scripts["/l.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\n../../v.ts\n")
    grant = grant_for(service, key, Scope(origin.url, "/"))
    reference = service.get(f"/play/{grant}/{host}/l.m3u8").body.decode().splitlines()[2]
    assert reference == f"/play/{grant}/{host}/v.ts"
    assert service.get(reference).body == b"video"


def test_an_empty_segment_in_a_reference_gets_a_grant_that_holds_it(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    origin.scripts["/a/b/l.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\nx//v.ts\n")
    origin.scripts["/a/b/x//v.ts"] = answer(b"video")
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    reference = service.get(f"/play/{grant}/{host}/a/b/l.m3u8").body.decode().splitlines()[2]
    assert service.get(reference).body == b"video"


def test_a_manifest_that_was_redirected_leads_to_what_lies_where_it_came_from(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    """Not where it was asked for, though its grant opens both: the player knows nothing of the redirect."""
    origin.scripts["/a/b/l.m3u8"] = answer(b"", 302, Location="/a/b/deep/l.m3u8")
    origin.scripts["/a/b/deep/l.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n")
    origin.scripts["/a/b/deep/v.ts"] = answer(b"deep")
    address = f"/play/{grant_for(service, key, Scope(origin.url, '/a/b/'))}/{host}/a/b/l.m3u8"
    reference = service.get(address).body.decode().splitlines()[2]
    assert service.get(urljoin(address, reference)).body == b"deep"


def test_grants_that_do_not_hold_are_answered_slower_and_slower(service: Service, host: str) -> None:
    def seconds() -> float:
        began = time.monotonic()
        assert service.get(f"/play/x/{host}/a/b/v.ts", source="127.0.0.71").status == 401
        return time.monotonic() - began

    waits = [seconds() for _ in range(7)]
    assert waits[5] >= 0.1
    assert waits[6] >= 0.2


def test_the_log_holds_no_grant(service: Service, origin: Origin, key: str, host: str) -> None:
    grant = grant_for(service, key, Scope(origin.url, "/a/b/"))
    request_id = service.get(f"/play/{grant}/{host}/a/b/v.ts").headers["X-Request-Id"]
    service.wait_for_log(request_id)
    assert grant not in service.log.read_text()
    assert grant.split(".")[2] not in service.log.read_text()


# -- a grant that has expired, beside a token --------------------------------------------------------------------------


def test_an_expired_grant_beside_a_token_of_its_key_opens_what_it_did(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    expired = grant_for(service, key, Scope(origin.url, "/a/b/"), age=86400)
    token = {"X-Session-Token": service.token(key)}
    assert service.get(f"/play/{expired}/{host}/a/b/v.ts").status == 401
    reply = service.get(f"/play/{expired}/{host}/a/b/v.ts", token)
    assert (reply.status, reply.body, reply.headers["Vary"]) == (200, b"video", "X-Session-Token")
    origin.asked.clear()
    assert service.get(f"/play/{expired}/{host}/a/v.ts", token).status == 403
    assert origin.asked == []


def test_a_manifest_that_is_read_so_leads_on_under_grants_that_hold(
    service: Service, origin: Origin, key: str, host: str
) -> None:
    origin.scripts["/a/b/l.m3u8"] = answer(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.ts\n")
    expired = grant_for(service, key, Scope(origin.url, "/a/b/"), age=86400)
    token = {"X-Session-Token": service.token(key)}
    reference = service.get(f"/play/{expired}/{host}/a/b/l.m3u8", token).body.decode().splitlines()[2]
    assert reference.startswith("/play/")
    assert expired not in reference
    assert service.get(reference).body == b"video"


def test_the_viewing_keeps_its_seat_though_the_token_is_another(
    start_service: StartService, origin: Origin, host: str
) -> None:
    service = start_service(tiers_text(origin.url).replace("rate_limit: 100/60s", "concurrent_streams: 1", 1))
    key = service.add_key("acme", "standard")
    scope = Scope(origin.url, "/a/b/")
    assert service.get(f"/play/{grant_for(service, key, scope)}/{host}/a/b/v.ts").status == 200
    expired = grant_for(service, key, scope, age=86400)
    assert service.get(f"/play/{expired}/{host}/a/b/v.ts", {"X-Session-Token": service.token(key)}).status == 200


def test_no_other_token_makes_an_expired_grant_hold(service: Service, origin: Origin, key: str, host: str) -> None:
    scope = Scope(origin.url, "/a/b/")
    expired = grant_for(service, key, scope, age=86400)
    token = service.token(key)
    another = service.token(service.add_key("other", "standard"))
    tokens = (
        {"X-Session-Token": another},
        {"X-Session-Token": token[:-1]},
        {"X-Session-Token": grant_for(service, key, scope)},
        {"X-API-Key": key},
        {"X-Session-Token": ""},
    )
    for wrong, source in zip(tokens, SOURCES, strict=False):
        reply = service.get(f"/play/{expired}/{host}/a/b/v.ts", wrong, source=source)
        assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")
    grants = (expired[:-1], grant_for(service, key, scope, tier="partner", age=86400), "x")
    for grant, source in zip(grants, SOURCES, strict=False):
        assert service.get(f"/play/{grant}/{host}/a/b/v.ts", {"X-Session-Token": token}, source=source).status == 401
    service.key_file().revoke("acme")
    service.reload()
    assert service.get(f"/play/{expired}/{host}/a/b/v.ts", {"X-Session-Token": token}).status == 401
    assert origin.asked == []


def test_two_tokens_beside_an_expired_grant_are_none(service: Service, origin: Origin, key: str, host: str) -> None:
    expired = grant_for(service, key, Scope(origin.url, "/a/b/"), age=86400)
    request = f"GET /play/{expired}/{host}/a/b/v.ts HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n"
    field = f"X-Session-Token: {service.token(key)}\r\n"
    assert send_raw(service.port, f"{request}{field}\r\n".encode()).startswith(b"HTTP/1.1 200 ")
    for fields in (field + field, field + "X-Session-Token: x\r\n"):
        assert send_raw(service.port, f"{request}{fields}\r\n".encode()).startswith(b"HTTP/1.1 401 ")
