"""Keys, tokens, and the JSON part of the surface."""

from __future__ import annotations

import base64
import json

import pytest

from gateway.identity.keytext import KeyText
from tests.conftest import StartService
from tests.service import Service, tiers_text

GARBAGE = "sg_aaaaaaaa_" + "b" * 38


@pytest.mark.parametrize("path", ["/api/usage", "/api?url=https%3A%2F%2Fa.example.com%2F"])
def test_without_a_credential_the_answer_says_how_to_send_one(service: Service, path: str) -> None:
    reply = service.get(path)
    assert (reply.status, reply.json["error"]) == (401, "Missing API key")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="sluicegate"'
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert "X-API-Key" in reply.json["detail"]


@pytest.mark.parametrize("key", [GARBAGE, "x", "sg_", "a" * 5000, "public_api_key ", "\xff\xfe"])
def test_a_key_that_is_not_one_is_refused(service: Service, key: str) -> None:
    reply = service.get("/api/auth", {"X-API-Key": key}, "POST")
    if key.strip() == "public_api_key":
        assert reply.status == 200  # RFC 9110, section 5.5: white space round a field's value is not part of it
    else:
        assert (reply.status, reply.json["error"]) == (401, "Invalid API key")
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


def test_unknown_revoked_and_misspelt_keys_get_one_identical_answer(service: Service) -> None:
    key = service.add_key("acme", "standard")
    service.key_file().revoke("acme")
    service.reload()
    wrong_secret = key[:15] + ("a" if key[15] != "a" else "b") + key[16:]
    bodies = {service.get("/api/usage", {"X-API-Key": text}).body for text in (key, wrong_secret, GARBAGE)}
    assert len(bodies) == 1


def test_the_log_alone_says_which_key_was_refused_and_why(service: Service) -> None:
    key = service.add_key("gone", "standard")
    service.key_file().revoke("gone")
    service.reload()
    misspelt = KeyText(key[3:11], "A" * 32).text
    unknown = KeyText("nobody00", "A" * 32).text
    for text, reason in {
        key: f"{key[3:11]} of gone was revoked, or has expired",
        misspelt: f"{key[3:11]} has another secret, or its hash was made with another keyring.json",
        unknown: "no key has the id nobody00, or its tier is gone",
        key[:-1]: "it is no key, or not the whole of one",
    }.items():
        reply = service.get("/api/usage", {"X-API-Key": text})
        line = service.wait_for_log(f'"request_id": "{reply.headers["X-Request-Id"]}".*')
        assert json.loads(f"{{{line[0]}")["reason"] == reason
        assert "reason" not in reply.json
        assert text not in line[0]


def test_a_credential_in_the_others_place_is_told_its_own(service: Service) -> None:
    key = service.add_key("acme", "standard")
    for path, headers, place in (
        ("/api/usage", {"X-Session-Token": key}, "X-API-Key"),
        (f"/api/usage?token={key}", {}, "X-API-Key"),
        ("/api/usage", {"X-API-Key": service.token(key)}, "X-Session-Token"),
    ):
        reply = service.get(path, headers)
        assert (reply.status, place in reply.json["detail"]) == (401, True)
    assert "detail" not in service.get("/api/usage", {"X-API-Key": GARBAGE}).json


def test_a_token_inherits_the_keys_tier_and_says_when_it_ends(service: Service) -> None:
    key = service.add_key("acme", "partner")
    reply = service.get("/api/auth", {"Authorization": f"Bearer {key}"}, "POST")
    assert reply.status == 200
    assert set(reply.json) == {"token", "token_type", "tier", "expires_in", "expires_at"}
    assert (reply.json["token_type"], reply.json["tier"], reply.json["expires_in"]) == ("session", "partner", 1800)
    claims = json.loads(base64.urlsafe_b64decode(reply.json["token"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 1800
    assert claims["exp"] == reply.json["expires_at"]
    assert key not in base64.urlsafe_b64decode(reply.json["token"].split(".")[1] + "==").decode()


def test_the_token_is_taken_as_its_own_header_and_as_a_bearer(service: Service) -> None:
    token = service.token(service.add_key("acme", "standard"))
    for headers in ({"X-Session-Token": token}, {"Authorization": f"Bearer {token}"}):
        reply = service.get("/api/usage", headers)
        assert (reply.status, reply.json["tier"], reply.json["credential"]) == (200, "standard", "session")


def test_a_token_cannot_be_traded_for_another(service: Service) -> None:
    token = service.token("public_api_key")
    for headers in ({"X-Session-Token": token}, {"Authorization": f"Bearer {token}"}):
        reply = service.get("/api/auth", headers, "POST")
        assert (reply.status, reply.json["error"]) == (401, "Invalid API key")


def test_two_credentials_in_one_request_are_refused(service: Service) -> None:
    token = service.token("public_api_key")
    both = {"X-API-Key": "public_api_key", "X-Session-Token": token}
    assert service.get("/api/usage", both).status == 400
    assert service.get(f"/api/usage?token={token}", {"X-API-Key": "public_api_key"}).status == 400


def test_a_key_in_the_address_is_no_credential(service: Service) -> None:
    reply = service.get("/api/usage?token=public_api_key")
    assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")


def test_a_token_of_a_key_that_was_revoked_ends_at_the_next_request(service: Service) -> None:
    headers = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    assert service.get("/api/usage", headers).status == 200
    service.key_file().revoke("acme")
    service.reload()
    reply = service.get("/api/usage", headers)
    assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")


def test_a_token_minted_by_one_process_is_accepted_by_another_with_the_same_secrets(
    start_service: StartService,
) -> None:
    first = start_service(tiers_text())
    second = start_service(tiers_text(), state=first.folder / "state")
    stranger = start_service(tiers_text())
    headers = {"X-Session-Token": first.token("public_api_key")}
    assert second.get("/api/usage", headers).status == 200
    assert stranger.get("/api/usage", headers).status == 401


def test_usage_says_the_tier_its_limits_and_what_is_left(service: Service) -> None:
    key = service.add_key("acme", "standard")
    headers = {"X-API-Key": key}
    service.get("/api/usage", headers)
    policies = service.get("/api/usage", headers).json["policies"]
    assert policies["rate_limit"]["limit"] == 100
    assert policies["rate_limit"]["remaining"] == 98
    assert 1 <= policies["rate_limit"]["reset"] <= 60
    assert policies["streaming"] is True


def test_the_plan_table_needs_no_credential(service: Service) -> None:
    tiers = service.get("/api/tiers").json["tiers"]
    assert tiers["public"] == {
        "open_key": "public_api_key",
        "rate_limit": {"limit": 10, "window": 60},
        "streaming": False,
    }
    assert {name: tier["rate_limit"]["limit"] for name, tier in tiers.items()} == {
        "public": 10,
        "standard": 100,
        "partner": 1000,
    }


def test_health_needs_no_credential_and_refuses_a_bad_one(service: Service) -> None:
    assert service.get("/api/health").json["status"] == "ok"
    assert service.get("/api/health", {"X-API-Key": GARBAGE}).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/api/auth", 405), ("DELETE", "/api", 405), ("POST", "/api/usage", 405)],
)
def test_errors_have_one_shape_and_cors(service: Service, method: str, path: str, status: int) -> None:
    reply = service.get(path, None, method)
    assert reply.status == status == reply.json["status"]
    assert {"type", "title", "status", "error"} <= set(reply.json)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    if status == 405:
        assert "OPTIONS" in reply.headers["Allow"]
        assert method not in reply.headers["Allow"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/play/x/y/z", "/api/auth", "/api/usage", "/api/health", "/nothing"])
def test_a_preflight_allows_what_players_send(service: Service, path: str) -> None:
    reply = service.get(path, {"Origin": "https://player.example"}, "OPTIONS")
    assert reply.status == 204
    allowed = reply.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"range", "x-session-token", "x-api-key", "authorization", "if-range", "cmcd-session"} <= set(allowed)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Access-Control-Allow-Credentials"] is None
    assert int(reply.headers["Access-Control-Max-Age"]) > 0


def test_a_page_can_read_the_limit_from_an_answer(service: Service) -> None:
    reply = service.get("/api/usage", {"X-API-Key": "public_api_key"})
    exposed = reply.headers["Access-Control-Expose-Headers"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "Content-Range"} <= set(exposed.split(", "))


def test_the_log_holds_no_key_and_no_token(service: Service) -> None:
    key = service.add_key("acme", "standard")
    token = service.token(key)
    service.get("/api/usage", {"X-Session-Token": token})
    service.get(f"/api?token={token}&url=https%3A%2F%2Fb.example.com%2F")
    log = service.log.read_text()
    assert '"client": "acme"' in log
    assert key not in log
    assert token not in log
    assert token.split(".")[2] not in log


def test_every_answer_has_a_request_id_that_the_log_has_too(service: Service) -> None:
    reply = service.get("/nothing")
    service.wait_for_log(reply.headers["X-Request-Id"])
