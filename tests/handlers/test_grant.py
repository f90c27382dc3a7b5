"""``/api/grant``: an address for a player that can set no header."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from tests.conftest import StartService
from tests.scripted_origin import Origin, answer
from tests.service import Reply, Service, tiers_text


def asked(service: Service, url: str, headers: dict[str, str]) -> Reply:
    return service.get(f"/api/grant?url={quote(url, safe='')}", headers)


@pytest.fixture
def service(standing_service: Service) -> Service:
    return standing_service


@pytest.fixture
def origin(standing_origin: Origin) -> Origin:
    return standing_origin.renewed()


@pytest.fixture
def film(origin: Origin) -> str:
    origin.scripts["/a/b/film.mp4"] = answer(b"video")
    return f"{origin.url}/a/b/film.mp4"


def test_a_token_gets_an_address_that_plays_and_nothing_is_fetched(
    service: Service, origin: Origin, token: dict[str, str], film: str
) -> None:
    reply = asked(service, f"{film}?x=1&y=%20#t=5", token)
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    assert reply.headers.get_all("Vary") == ["Authorization, X-API-Key, X-Session-Token"]
    assert origin.asked == []
    path = reply.json["url"]
    assert path.startswith("/play/")
    assert path.endswith(f"/{origin.url.removeprefix('http://')}/a/b/film.mp4?x=1&y=%20")
    assert service.get(path).body == b"video"
    assert origin.asked[0][1] == "/a/b/film.mp4?x=1&y=%20"


def test_it_says_until_when_it_holds(service: Service, token: dict[str, str], film: str) -> None:
    told = asked(service, film, token).json
    assert 21600 * 7 / 8 - 5 <= told["expires_in"] <= 21600
    assert abs(told["expires_at"] - told["expires_in"] - time.time()) < 5


def test_it_opens_the_media_alone_and_nothing_beside_it(
    service: Service, origin: Origin, token: dict[str, str], film: str
) -> None:
    origin.scripts |= dict.fromkeys(("/a/b/other.mp4", "/a/b/film.mp4/x"), answer(b"other"))
    path = asked(service, film, token).json["url"]
    for other in ("/a/b/other.mp4", "/a/b/film.mp4/x", "/a/b/film.mp", "/a/b/", "/a/b/./film.mp4"):
        reply = service.get(path.replace("/a/b/film.mp4", other))
        assert (reply.status, reply.json["error"]) == (403, "Origin not allowed")
    assert origin.asked == []


def test_it_opens_the_directory_of_a_manifest(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/a/b/l.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n#EXT-X-ENDLIST\n")
    origin.scripts["/a/b/c/v.ts"] = answer(b"video")
    path = asked(service, f"{origin.url}/a/b/l.m3u8", token).json["url"]
    assert service.get(path).body.decode().splitlines()[2] == "v.ts"
    assert service.get(path.replace("/a/b/l.m3u8", "/a/b/c/v.ts")).body == b"video"
    assert service.get(path.replace("/a/b/l.m3u8", "/a/v.ts")).status == 403


def test_a_manifest_without_its_usual_name_plays_on_by_grants_of_its_own(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/live/now"] = answer(b"#EXTM3U\n#EXTINF:4,\nv.ts\n#EXT-X-ENDLIST\n")
    origin.scripts["/live/v.ts"] = answer(b"video")
    path = asked(service, f"{origin.url}/live/now", token).json["url"]
    assert service.get(service.get(path).body.decode().splitlines()[2]).body == b"video"
    assert service.get(path.replace("/live/now", "/live/v.ts")).status == 403


def test_what_has_an_encoded_slash_in_its_name_plays(service: Service, origin: Origin, token: dict[str, str]) -> None:
    """As object stores name what they keep."""
    names = [f"/o/show%2F{name}" for name in ("film.mp4", "l.m3u8", "v1.ts", "v2.ts")]
    origin.scripts |= dict.fromkeys(names, answer(b"video"))
    lines = ["#EXTM3U", "#EXTINF:4,", "show%2Fv1.ts?token=1", "#EXTINF:4,", "plain.ts", "#EXTINF:4,", "show%2Fv2.ts"]
    origin.scripts["/o/show%2Fl.m3u8"] = answer("\n".join(lines).encode())
    origin.scripts["/o/plain.ts"] = answer(b"plain")
    assert service.get(asked(service, f"{origin.url}/o/show%2Ffilm.mp4", token).json["url"]).body == b"video"
    path = asked(service, f"{origin.url}/o/show%2Fl.m3u8", token).json["url"]
    references = [line for line in service.get(path).body.decode().splitlines() if not line.startswith("#")]
    assert [service.get(reference).body for reference in references] == [b"video", b"plain", b"video"]


def test_a_token_gets_the_same_text_again_and_a_key_one_for_each_viewer(
    service: Service, token: dict[str, str], film: str
) -> None:
    assert asked(service, film, token).json["url"] == asked(service, film, token).json["url"]
    key = {"X-API-Key": service.add_key("other", "standard")}
    assert asked(service, film, key).json["url"] != asked(service, film, key).json["url"]


def test_a_key_counts_and_a_token_does_not(service: Service, token: dict[str, str], film: str) -> None:
    key = {"X-API-Key": service.add_key("other", "standard")}
    asked(service, film, key)
    assert asked(service, film, key).headers["RateLimit"].startswith('"rate_limit";r=98;')
    assert "RateLimit" not in asked(service, film, token).headers


@pytest.mark.parametrize(
    ("url", "status", "error"),
    [
        ("http://10.0.0.1/a.m3u8", 403, "Origin not allowed"),
        ("https://elsewhere.example/a.m3u8", 403, "Origin not allowed"),
        ("http://user@media.example.com/a", 400, "Invalid url"),
        ("a.m3u8", 400, "Invalid url"),
        ("ftp://media.example.com/a", 400, "Invalid url"),
    ],
)
def test_a_url_that_would_not_be_served_gets_none(
    service: Service, token: dict[str, str], url: str, status: int, error: str
) -> None:
    reply = asked(service, url, token)
    assert (reply.status, reply.json["error"]) == (status, error)


def test_a_url_that_was_not_encoded_is_refused(service: Service, token: dict[str, str]) -> None:
    assert service.get("/api/grant?url=https://media.example.com/a?x=1&y=2", token).status == 400
    assert service.get("/api/grant", token).status == 400


def test_a_tier_that_does_not_stream_gets_none(service: Service, film: str) -> None:
    reply = asked(service, film, {"X-API-Key": "public_api_key"})
    assert (reply.status, reply.json["error"]) == (403, "Access denied")


def test_nor_does_one_that_does_not_stream_from_there(start_service: StartService, origin: Origin) -> None:
    tiers = tiers_text(origin.url, "https://*.example.com")
    service = start_service(tiers.replace("streaming: true", "streaming: {origins: ['https://*.example.com']}", 1))
    key = {"X-API-Key": service.add_key("acme", "standard")}
    assert asked(service, f"{origin.url}/a", key).json["error"] == "Access denied"
    assert asked(service, "https://media.example.com/a", key).status == 200


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "Missing API key"),
        ({"X-API-Key": "nonsense"}, "Invalid API key"),
        ({"X-Session-Token": "nonsense"}, "Invalid or expired session token"),
    ],
)
def test_without_a_good_credential_there_is_none(
    service: Service, film: str, headers: dict[str, str], error: str
) -> None:
    reply = asked(service, film, headers)
    assert (reply.status, reply.json["error"]) == (401, error)


def test_asking_takes_no_seat(start_service: StartService, origin: Origin, film: str) -> None:
    tiers = tiers_text(origin.url).replace("rate_limit: 100/60s", "concurrent_streams: 1", 1)
    service = start_service(tiers)
    key = {"X-API-Key": service.add_key("acme", "standard")}
    paths = [asked(service, film, key).json["url"] for _ in range(3)]
    assert service.get(paths[0]).status == 200
    assert service.get(paths[1]).json["error"] == "Too many streams"
