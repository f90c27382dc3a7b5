"""Limits, as customers meet them."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from tests.conftest import RedisServer, StartService, free_port
from tests.scripted_origin import Origin, answer
from tests.service import Service, tiers_text

PUBLIC = {"X-API-Key": "public_api_key"}


def test_the_tenth_request_of_a_minute_is_answered_and_the_eleventh_refused(service: Service) -> None:
    replies = [service.get("/api/usage", PUBLIC) for _ in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]
    assert replies[9].headers["RateLimit"].startswith('"rate_limit";r=0;t=')
    refused = replies[10]
    assert refused.headers["Content-Type"] == "application/problem+json"
    wait = int(refused.headers["Retry-After"])
    assert 1 <= wait <= 60
    assert refused.json == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Rate limit exceeded",
        "status": 429,
        "error": "Rate limit exceeded",
        "tier": "public",
        "limit": 10,
        "window": 60,
        "retry_after": wait,
        "violated-policies": ["rate_limit"],
    }
    assert refused.headers["RateLimit-Policy"] == '"rate_limit";q=10;w=60'
    reset = re.fullmatch(r'"rate_limit";r=0;t=(\d+)', refused.headers["RateLimit"])
    assert reset
    assert int(reset[1]) <= wait


def test_every_kind_of_request_with_a_key_counts_toward_its_one_limit(service: Service) -> None:
    for path, method in (("/api/auth", "POST"), ("/api/usage", "GET"), ("/api/tiers", "GET"), ("/api/health", "GET")):
        for _ in range(2):
            assert service.get(path, PUBLIC, method).status == 200
    for _ in range(2):
        assert service.get("/api?url=https%3A%2F%2Fa.example.com%2F", PUBLIC).status == 403
    assert service.get("/api/health", PUBLIC).status == 429
    assert service.get("/api/auth", PUBLIC, "POST").status == 429
    assert service.get("/api/health").status == 200


def test_two_addresses_share_a_keys_limit(service: Service) -> None:
    statuses = [service.get("/api/usage", PUBLIC, source=f"127.0.0.{2 + n % 2}").status for n in range(11)]
    assert statuses == [200] * 10 + [429]


def test_two_keys_of_one_client_have_a_limit_each(service: Service) -> None:
    first, second = service.add_key("acme", "standard"), service.add_key("acme", "standard")
    service.get("/api/usage", {"X-API-Key": first})
    assert service.get("/api/usage", {"X-API-Key": second}).headers["RateLimit"].startswith('"rate_limit";r=99;')


def test_a_rotated_key_and_its_successor_share_a_limit(service: Service) -> None:
    old = service.add_key("acme", "standard")
    service.get("/api/usage", {"X-API-Key": old})
    new = service.key_file().rotate("acme", 60).text
    service.reload()
    assert service.get("/api/usage", {"X-API-Key": new}).headers["RateLimit"].startswith('"rate_limit";r=98;')
    assert service.get("/api/usage", {"X-API-Key": old}).headers["RateLimit"].startswith('"rate_limit";r=97;')


def test_requests_with_a_token_are_not_limited(service: Service) -> None:
    headers = {"X-Session-Token": service.token("public_api_key")}
    replies = [service.get("/api/usage", headers) for _ in range(30)]
    assert {reply.status for reply in replies} == {200}
    assert replies[-1].headers["RateLimit"] is None
    assert replies[-1].json["policies"]["rate_limit"]["remaining"] == 9


def test_processes_with_one_redis_share_a_limit(start_service: StartService, redis_server: RedisServer) -> None:
    first = start_service(tiers_text(), "--redis", redis_server.url)
    second = start_service(tiers_text(), "--redis", redis_server.url, state=first.folder / "state")
    statuses = [(first, second)[n % 2].get("/api/usage", PUBLIC).status for n in range(11)]
    assert statuses == [200] * 10 + [429]


def test_the_public_tier_cannot_stream_by_key_or_by_token(service: Service, origin: Origin) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    token = {"X-Session-Token": service.token("public_api_key")}
    for headers in (PUBLIC, token):
        for method in ("GET", "HEAD"):
            reply = service.media(f"{origin.url}/v.ts", headers, method)
            assert reply.status == 403
            assert method == "HEAD" or reply.json["error"] == "Access denied"
            assert b"video" not in reply.body
    by_query = service.get(f"/api?token={token['X-Session-Token']}&url={quote(origin.url + '/v.ts', safe='')}")
    assert (by_query.status, by_query.json["error"]) == (403, "Access denied")
    assert origin.asked == []


def test_a_request_that_is_refused_for_want_of_the_store_says_so_in_the_log(start_service: StartService) -> None:
    tiers = tiers_text().replace("streaming: false", "streaming: false\n    on_store_error: deny")
    service = start_service(tiers, "--redis", f"redis://127.0.0.1:{free_port()}/0")
    for _ in range(5):
        assert service.get("/api/tiers", {"X-API-Key": "public_api_key"}).status == 503
    requests = [json.loads(line) for line in service.log.read_text().splitlines() if '"request_id"' in line]
    assert requests[-1]["status"] == 503
    assert requests[-1]["store"] == "down"
