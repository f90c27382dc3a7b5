"""``main.py explain``, as an operator types it, with and without a running service."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateway.identity import KeyFile
from tests.commands.test_command_line import run
from tests.conftest import StartService, free_port
from tests.service import ROOT, Service, tiers_text

ALL = """\
origins: ["https://*.example.com", {url: "https://media.example.org", fallback: "https://backup.example.org"}]
tiers:
  public: {open_key: public_api_key, rate_limit: 2/60s, streaming: false}
  standard:
    rate_limit: {rates: [50/10s, 100/60s], cost: {auth: 5}}
    streaming: {origins: ["https://*.example.com"], kinds: [hls, audio]}
    concurrent_streams: 3
    egress_quota: 500GB/month
    bandwidth: 8Mbit/s
    max_duration: 2h
    token_uses: 5
    cors_origins: [https://www.example.com]
"""
MEDIA = "https://a.example.com/live/a.m3u8"

PLAIN = """\
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.policy import AccessDenied, Call


@dataclass(frozen=True)
class Plain:
    mood: str

    async def admit(self, call: Call) -> AsyncIterator[None]:
        if self.mood == "bad":
            raise AccessDenied("Not today.")
        if self.mood == "broken":
            raise KeyError("lost")
        yield
"""


def explain(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    admin = f"127.0.0.1:{service.admin_port}"
    return run(service.folder, "explain", "--admin", admin, "--keys", str(service.keys), *arguments)


def told(service: Service, *arguments: str) -> Any:
    """The one request of the one key that is explained."""
    said = explain(service, *arguments, "--json")
    answer = json.loads(said.stdout)
    (key,) = answer["keys"]
    (request,) = key["requests"]
    assert said.returncode == (0 if request["verdict"]["admitted"] else 1)
    return request


def answers(request: Any) -> dict[str, str]:
    return {f"{step['step']} {step['name']}": step["answer"] for step in request["steps"]}


def key_id(key: str) -> str:
    return key[3:11]


@pytest.fixture
def gateway(start_service: StartService) -> Service:
    return start_service(ALL)


def test_every_policy_is_told_in_order_and_then_the_url(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    request = told(gateway, "--key", key_id(key), "--url", MEDIA)
    assert answers(request) == dict.fromkeys(
        [
            "policy rate_limit",
            "policy streaming",
            "policy concurrent_streams",
            "policy egress_quota",
            "policy bandwidth",
            "policy max_duration",
            "policy token_uses",
            "policy cors_origins",
            "url url",
            "origins origins",
            "media streaming",
        ],
        "admits",
    )
    notes = [note for step in request["steps"] for note in step["notes"]]
    assert any("a.example.com leads to is judged at each connection" in note for note in notes)
    assert any("refused if it is dash or video or image or text or other" in note for note in notes)


def test_what_stands_in_for_an_origin_is_told(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    steps = told(gateway, "--key", key_id(key), "--url", "https://media.example.org/v.ts")["steps"]
    notes = [note for step in steps if step["name"] == "origins" for note in step["notes"]]
    assert "where it fails, https://backup.example.org is asked" in notes


def test_the_headers_are_those_that_the_request_then_gets(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    for path, method, route in (("/api/usage", "GET", "usage"), ("/api/auth", "POST", "auth")):
        request = told(gateway, "--key", key_id(key), "--route", route)
        reply = gateway.get(path, {"X-API-Key": key}, method)
        assert reply.headers["RateLimit-Policy"] == request["headers"]["RateLimit-Policy"]
        expected, got = (text.split(";t=")[0] for text in (request["headers"]["RateLimit"], reply.headers["RateLimit"]))
        assert expected == got


def test_whatever_a_request_for_media_is_answered_its_vary_is_told(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    revoked = gateway.add_key("beta", "standard")
    gateway.key_file().revoke("beta")
    gateway.reload()
    token, page = gateway.token(key), "https://elsewhere.example"
    as_session = ("--as", "session", "--page", page)
    for name, more, url, shown in (
        (key_id(key), (), "https://evil.test/a.m3u8", {"X-API-Key": key}),
        (key_id(key), as_session, MEDIA, {"X-Session-Token": token, "Origin": page}),
        (key_id(revoked), (), MEDIA, {"X-API-Key": revoked}),
    ):
        request = told(gateway, "--key", name, "--url", url, *more)
        reply = gateway.media(url, shown)
        assert reply.status == request["verdict"]["status"]
        assert ", ".join(reply.headers.get_all("Vary", [])) == request["headers"]["Vary"]


def test_a_request_for_an_address_is_told_as_it_is_answered(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    for url, status in ((MEDIA, 200), ("https://media.example.org/a.m3u8", 403), ("https://evil.test/a.m3u8", 403)):
        request = told(gateway, "--key", key_id(key), "--route", "grant", "--url", url)
        reply = gateway.get(f"/api/grant?url={quote(url, safe='')}", {"X-API-Key": key})
        assert reply.status == request["verdict"]["status"] == status
        assert ", ".join(reply.headers.get_all("Vary", [])) == request["headers"]["Vary"]
    said = explain(gateway, "--key", key_id(key), "--route", "grant", "--url", MEDIA).stdout
    assert f"GET /api/grant?url={MEDIA} by key\n" in said


def test_people_read_no_line_with_blanks_at_its_end_and_one_point_after_a_detail(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    for _ in range(5):
        gateway.token(key)
    said = explain(gateway, "--key", key_id(key), "--route", "auth")
    assert "or wait until one expires; again in " in said.stdout
    assert [line for line in said.stdout.splitlines() if line != line.rstrip()] == []


def test_a_request_for_media_is_said_to_begin_a_viewing_session(gateway: Service) -> None:
    key = key_id(gateway.add_key("acme", "standard"))
    by_token = explain(gateway, "--key", key, "--url", MEDIA, "--as", "session").stdout
    assert f"GET /api?url={MEDIA} by session token, in a new viewing session\n" in by_token
    assert "GET /api/usage by key\n" in explain(gateway, "--key", key, "--route", "usage").stdout


def test_fifty_explanations_count_nothing(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    token = {"X-Session-Token": gateway.token(key)}
    before = gateway.get("/api/usage", token).json["policies"]
    for _ in range(25):
        for what in (f"url={quote(MEDIA, safe='')}", "route=auth"):
            assert gateway.admin(f"/explain?key={key_id(key)}&{what}").json["requests"][0]["verdict"]["admitted"]
    after = gateway.get("/api/usage", token).json["policies"]
    for policies in (before, after):
        for told_of in (*policies["rate_limit"]["windows"], policies["egress_quota"]["month"]):
            del told_of["reset"]
    assert after == before
    assert after["token_uses"]["live"] == 1


def test_a_refusal_is_told_as_the_client_gets_it_and_what_is_behind_it_as_not_reached(gateway: Service) -> None:
    for _ in range(3):
        reply = gateway.get("/api/usage", {"X-API-Key": "public_api_key"})
    assert reply.status == 429
    request = told(gateway, "--key", "public_api_key", "--url", MEDIA)
    assert request["verdict"]["by"] == "rate_limit"
    for same in ("status", "error", "tier", "limit", "window", "violated-policies"):
        assert request["verdict"]["problem"][same] == reply.json[same]
    assert 0 < int(request["headers"]["Retry-After"]) <= int(reply.headers["Retry-After"])
    assert [step["reached"] for step in request["steps"]] == [True, *[False] * 4]
    assert request["steps"][0]["standing"]["remaining"] == 0
    assert request["steps"][1]["problem"]["detail"] == "The tier public cannot stream media."
    people = explain(gateway, "--key", "open-public", "--url", MEDIA).stdout
    assert "= 429 Rate limit exceeded" in people
    assert "refuses (not reached)" in people
    assert "\x1b" not in people


def test_the_live_counters_are_told(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    gateway.token(key)
    steps = {step["name"]: step for step in told(gateway, "--key", "acme", "--route", "auth")["steps"]}
    assert [window["remaining"] for window in steps["rate_limit"]["standing"]["windows"]] == [45, 95]
    assert steps["token_uses"]["standing"] == {"limit": 5, "live": 1}


def test_a_session_token_is_explained_as_one(gateway: Service) -> None:
    key = key_id(gateway.add_key("acme", "standard"))
    request = told(gateway, "--key", key, "--url", MEDIA, "--as", "session", "--page", "https://evil.example")
    assert request["verdict"]["by"] == "cors_origins"
    assert request["headers"] == {"Vary": "Authorization, X-API-Key, X-Session-Token, Origin, Referer, Sec-Fetch-Site"}
    page = "https://www.example.com"
    request = told(gateway, "--key", key, "--url", MEDIA, "--as", "session", "--page", page)
    assert request["headers"] == {"Vary": "Authorization, X-API-Key, X-Session-Token, Origin, Referer, Sec-Fetch-Site"}


@pytest.mark.parametrize(
    ("url", "by", "status", "step"),
    [
        ("ftp://a.example.com/x", "url", 400, "url"),
        ("https://elsewhere.example.net/x", "origins", 403, "origins"),
        ("https://media.example.org/x", "streaming", 403, "media"),
    ],
)
def test_the_url_is_judged_too(gateway: Service, url: str, by: str, status: int, step: str) -> None:
    key = key_id(gateway.add_key("acme", "standard"))
    request = told(gateway, "--key", key, "--url", url)
    assert (request["verdict"]["by"], request["verdict"]["status"]) == (by, status)
    assert next(each["step"] for each in request["steps"] if each["problem"]) == step


def test_a_request_without_url_or_route_is_a_plain_one_and_one_for_a_token(gateway: Service) -> None:
    gateway.add_key("acme", "standard")
    (key,) = json.loads(explain(gateway, "--key", "acme", "--json").stdout)["keys"]
    assert [request["route"] for request in key["requests"]] == ["usage", "auth"]
    assert told(gateway, "--key", "acme", "--as", "session")["route"] == "usage"


def test_a_clients_name_means_each_of_its_living_keys(gateway: Service) -> None:
    old, new = gateway.add_key("acme", "standard"), gateway.add_key("acme", "standard")
    said = json.loads(explain(gateway, "--key", "acme", "--json").stdout)
    assert [key["key"]["id"] for key in said["keys"]] == [key_id(old), key_id(new)]
    gateway.key_file().revoke(key_id(old))
    gateway.reload()
    said = json.loads(explain(gateway, "--key", "acme", "--json").stdout)
    assert [key["key"]["id"] for key in said["keys"]] == [key_id(new)]


def test_keys_that_share_a_counter_say_so(gateway: Service) -> None:
    old = gateway.add_key("acme", "standard")
    gateway.key_file().rotate("acme", 3600)
    gateway.reload()
    assert f"counting with {key_id(old)}" in explain(gateway, "--key", "acme", "--route", "usage").stdout


def test_a_dead_key_says_why_it_is_dead(gateway: Service) -> None:
    revoked = key_id(gateway.add_key("acme", "standard"))
    gateway.key_file().revoke(revoked)
    past = KeyFile(gateway.keys, b"", lambda: time.time() - 7200)
    expired = key_id(past.add("older", "standard").text)
    past.rotate("older", 60)
    gone = key_id(gateway.key_file().add("late", "standart").text)
    gateway.reload()
    for key, why in (
        (revoked, "it was revoked 20"),
        (expired, "it expired 20"),
        (gone, "on the tier standart, which is not in tiers.yaml (did you mean standard?)"),
        ("late", "on the tier standart"),
    ):
        said = explain(gateway, "--key", key, "--route", "usage")
        assert (said.returncode, why in said.stdout) == (1, True), said.stdout
        assert "= 401 Invalid API key" in said.stdout
        assert 'WWW-Authenticate: Bearer realm="sluicegate", error="invalid_token"' in said.stdout
    assert told(gateway, "--key", revoked, "--as", "session")["verdict"]["problem"]["error"].startswith(
        "Invalid or exp"
    )


def test_a_name_that_nobody_has_is_a_usage_error(gateway: Service, tmp_path: Path) -> None:
    gateway.add_key("acme", "standard")
    gateway.reload()
    for key, near in (("acne", "did you mean acme?"), ("open-publik", "did you mean open-public?")):
        for said in (explain(gateway, "--key", key), explain(gateway, "--key", key, "--admin", str(tmp_path / "none"))):
            assert (said.returncode, said.stdout) == (2, "")
            assert f"no key and no client has this name; {near}" in " ".join(said.stderr.split())


def test_a_secret_is_never_taken_and_never_repeated(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    for secret in (key, f" {key}", key[:20], key[3:], gateway.token(key)):
        said = explain(gateway, "--key", secret)
        assert (said.returncode, said.stdout) == (2, "")
        assert "8 characters after sg_" in " ".join(said.stderr.split())
        reply = gateway.admin(f"/explain?key={quote(secret)}")
        assert reply.status == 400
        for text in (said.stderr, reply.body.decode(), gateway.log.read_text()):
            assert secret.strip() not in text


def test_what_is_no_request_is_a_usage_error(gateway: Service) -> None:
    for wrong in (
        ["--key", "acme", "--url", MEDIA, "--route", "auth"],
        ["--key", "acme", "--route", "auth", "--as", "session"],
        ["--key", "acme", "--as", "grant"],
        ["--key", "acme", "--route", "play"],
        ["--key", "acme", "--admin", "9090"],
        ["--key", "acme", "--page", "www.example.com"],
        ["--key", "acme", "--page", "https://www.example.com/"],
        [],
    ):
        said = explain(gateway, *wrong)
        assert (said.returncode, said.stdout) == (2, ""), wrong
    for query in ("", "key=", "key=a&key=b", "key=a&as=grant", "key=a&route=play", "key=a&urls=x"):
        reply = gateway.admin(f"/explain?{query}")
        assert (reply.status, reply.json["error"]) == (400, "Bad request"), query
    assert gateway.get("/explain?key=open-public").status == 404


def test_a_unix_socket_is_asked_too(start_service: StartService, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    service = start_service(ALL, "--admin", str(path))
    said = run(service.folder, "explain", "--key", "open-public", "--admin", str(path), "--route", "health", "--json")
    assert said.returncode == 0
    assert json.loads(said.stdout)["service"]["address"] == str(path)


def test_without_a_service_the_files_are_explained_and_the_counters_said_to_be_unknown(tmp_path: Path) -> None:
    (tmp_path / "tiers.yaml").write_text(ALL)
    key = run(tmp_path, "keys", "add", "acme", "--tier", "standard").stdout.strip()
    port = free_port()
    for admin in (f"127.0.0.1:{port}", str(tmp_path / "no.sock")):
        said = run(tmp_path, "explain", "--key", key_id(key), "--url", MEDIA, "--admin", admin)
        assert (said.returncode, said.stderr) == (0, "")
        assert f"no service answers at {admin}" in said.stdout
        assert "the counters are unknown" in said.stdout
        assert "now:" not in said.stdout
    machine = json.loads(run(tmp_path, "explain", "--key", "acme", "--admin", admin, "--json").stdout)
    assert (machine["counters"], machine["service"]) == ("unknown", None)
    (tmp_path / "tiers.yaml").write_text(ALL.replace("2/60s", "2/1:00"))
    broken = run(tmp_path, "explain", "--key", "acme", "--admin", admin)
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "tiers.yaml:3:50: '1:00' is not a duration" in broken.stderr


def test_another_server_at_the_address_is_not_taken_for_the_gateway(gateway: Service) -> None:
    public = f"127.0.0.1:{gateway.port}"
    said = run(gateway.folder, "explain", "--key", "open-public", "--admin", public, "--route", "health")
    assert f"what answers at {public} is no gateway" in said.stdout


def test_a_failed_reload_is_told_with_its_place_and_the_old_generation_answers(gateway: Service) -> None:
    tiers = gateway.folder / "tiers.yaml"
    tiers.write_text(ALL.replace("streaming: false", "steaming: false"))
    gateway.reload()
    said = explain(gateway, "--key", "open-public", "--route", "usage")
    assert said.returncode == 0
    assert "what is on the disk is not in force, generation 1 answers" in said.stdout
    assert "on the disk: tiers.yaml:3:" in said.stdout


def test_a_key_that_only_the_disk_knows_or_only_the_disk_has_ended_is_told(gateway: Service) -> None:
    key = gateway.add_key("acme", "standard")
    (gateway.folder / "tiers.yaml").write_text("broken")
    gateway.key_file().revoke(key_id(key))
    new = gateway.key_file().add("newer", "standard").text
    gateway.reload()
    said = explain(gateway, "--key", key_id(key), "--route", "usage")
    assert (said.returncode, "the service does not know yet" in said.stdout) == (0, True)
    said = explain(gateway, "--key", "newer", "--route", "usage")
    assert (said.returncode, "the service does not know it in its generation" in said.stdout) == (1, True)
    assert key_id(new) in said.stdout


@pytest.fixture
def with_plain(start_service: StartService, tmp_path: Path) -> StartService:
    """Start a gateway with a policy that has a method admit, and no other."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "plain.py").write_text(PLAIN)
    return lambda mood, shadow: start_service(
        f"tiers: {{public: {{open_key: k, plain: {{mood: {mood}, shadow: {shadow}}}, rate_limit: 5/60s}}}}",
        "--policies",
        str(folder),
    )


@pytest.mark.parametrize(
    ("mood", "shadow", "answer", "status"),
    [
        ("good", "false", "admits", 200),
        ("bad", "false", "refuses", 403),
        ("bad", "true", "refuses", 200),
        ("broken", "false", "fails", 500),
        ("broken", "true", "fails", 200),
    ],
)
def test_a_policy_of_the_providers_own_is_explained(
    with_plain: StartService, mood: str, shadow: str, answer: str, status: int
) -> None:
    service = with_plain(mood, shadow)
    request = told(service, "--key", "k", "--route", "usage")
    step = request["steps"][0]
    assert (step["name"], step["answer"], step["shadow"]) == ("plain", answer, shadow == "true")
    assert step["rule"] == {"mood": mood}
    assert step["standing"] is None
    assert request["verdict"]["status"] == status == service.get("/api/usage", {"X-API-Key": "k"}).status
    assert any("KeyError: 'lost'" in note for note in step["notes"]) == (mood == "broken")


def test_a_policy_in_shadow_would_refuse_and_logs_nothing_for_an_explanation(start_service: StartService) -> None:
    service = start_service("tiers: {public: {open_key: k, streaming: {allowed: false, shadow: true}}}")
    said = explain(service, "--key", "k", "--route", "api")
    assert (said.returncode, "would refuse (in shadow)" in said.stdout) == (0, True)
    assert "would have refused" not in service.log.read_text()


@pytest.mark.parametrize(("on_error", "status"), [("local", 200), ("allow", 200), ("deny", 503)])
def test_while_the_store_is_down_what_the_tier_then_does_is_told(
    start_service: StartService, on_error: str, status: int
) -> None:
    tiers = f"tiers: {{public: {{open_key: k, rate_limit: 5/60s, on_store_error: {on_error}}}}}"
    service = start_service(tiers, "--redis", f"redis://127.0.0.1:{free_port()}/0")
    request = told(service, "--key", "k", "--route", "usage")
    assert request["verdict"]["status"] == status
    assert f"the store does not answer, so on_store_error: {on_error} holds" in request["steps"][0]["notes"]
    assert request["steps"][0]["standing"] is None
    is_local = on_error == "local"  # then a worker's own count is not seen
    assert any("it may refuse" in note for note in request["steps"][0]["notes"]) == is_local
    assert ("RateLimit" in request["headers"]) == (on_error == "allow")


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    (tmp_path / "tiers.yaml").write_text(tiers_text())
    command = ["explain", "--key", "public_api_key", "--admin", str(tmp_path / "no.sock")]
    line = shlex.join([sys.executable, str(ROOT / "main.py"), *command])
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        said = subprocess.run(
            ["script", "-qec", line, "/dev/null"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": "/usr/bin:/bin", "TERM": "xterm", "HOME": str(tmp_path)} | environment,
        )
        assert ("\x1b[" in said.stdout) == coloured, said.stdout
