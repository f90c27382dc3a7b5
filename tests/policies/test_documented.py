"""``docs/policies.md`` held to its word: its headings and fields are those there are, its examples do what it says."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from gateway.tiers import compile_tiers, discover
from gateway.tiers.fields import options, required
from gateway.units import Seconds, written
from tests.conftest import StartService, free_port, start_redis
from tests.scripted_origin import Origin, answer
from tests.service import ROOT, Reply, Service

DOCUMENT = (ROOT / "docs/policies.md").read_text()
SECTIONS = {part.partition("\n")[0]: part.partition("\n")[2] for part in DOCUMENT.split("\n## ")[1:]}
BUNDLED = discover(ROOT / "policies")
VARYING = {"retry_after", "reset", "used", "remaining"}
"""Numbers that depend on when one asks."""

BODY = b"v" * 1_500_000
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nv.ts\n"


def fences(heading: str, language: str) -> list[str]:
    """What stands in the fenced blocks under a heading."""
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTIONS[heading], re.DOTALL | re.MULTILINE)


def as_file(example: str) -> str:
    """An example as a file: lines of a tier are those of a tier named ``example``."""
    if re.search(r"^tiers:", example, re.MULTILINE):
        return example
    return f"tiers:\n  example:\n{indent(example, '    ')}"


def example_files() -> dict[str, str]:
    """All examples as files, by the heading that they stand under and their place there."""
    return {f"{name} {n}": as_file(text) for name in SECTIONS for n, text in enumerate(fences(name, "yaml"))}


def own_policy(folder: Path) -> Path:
    """A folder with the policy of one's own that is shown."""
    (name,) = re.findall(r"`(\w+)\.py`:\n", SECTIONS["Your own"])
    folder.mkdir()
    (folder / f"{name}.py").write_text(fences("Your own", "python")[0])
    return folder


def documented(heading: str, place: int) -> Any:
    return json.loads(fences(heading, "json")[place])


def same(seen: Any, told: Any) -> bool:
    """Whether what was seen is what is told, but for the numbers that vary."""
    if isinstance(told, dict):
        names = seen.keys() == told.keys()
        return names and all(name in VARYING or same(seen[name], each) for name, each in told.items())
    if isinstance(told, list):
        return len(seen) == len(told) and all(same(*pair) for pair in zip(seen, told, strict=True))
    return bool(seen == told)


# -- what is written ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUNDLED)
def test_each_policy_has_a_heading_an_example_and_a_line_of_the_table(name: str) -> None:
    assert fences(name, "yaml")
    assert f"[`{name}`](#{name})" in DOCUMENT
    for told in ("Short: ", "**Refused**", "**Counts**", "**`/api/usage`** shows", "**Example**"):
        assert told in SECTIONS[name]


@pytest.mark.parametrize("name", BUNDLED)
def test_each_field_has_a_row_with_its_choices_and_its_default(name: str) -> None:
    cls, types = BUNDLED[name], get_type_hints(BUNDLED[name])
    rows = dict(re.findall(r"^\| `(\w+)` (\|.*)$", SECTIONS[name], re.MULTILINE))
    assert list(rows) == list(options(cls))
    for field, it in options(cls).items():
        assert ("required" in rows[field]) == (field in required(cls))
        if get_origin(types[field]) is Literal:
            assert all(f"`{choice}`" in rows[field] for choice in get_args(types[field]))
        if isinstance(it.default, int) and types[field] is Seconds:
            assert f"| `{written(it.default)}` |" in rows[field]
        elif isinstance(it.default, str | int):
            assert f"| `{it.default}` |" in rows[field]


def test_each_short_form_in_the_text_compiles() -> None:
    lines = [line for name in BUNDLED for line in re.findall(rf"`({name}: [^`]+)`", SECTIONS[name])]
    assert len(lines) >= len(BUNDLED)
    for line in lines:
        compile_tiers(as_file(line).encode(), BUNDLED)


@pytest.mark.parametrize("name", example_files())
def test_each_example_compiles(name: str, tmp_path: Path) -> None:
    policies = discover(ROOT / "policies", own_policy(tmp_path / "own"))
    assert compile_tiers(example_files()[name].encode(), policies).tiers


def test_a_tier_that_extends_another_is_as_told() -> None:
    tiers = compile_tiers(fences("extends", "yaml")[0].encode(), BUNDLED).tiers
    assert [named.name for named in tiers["trial"].policies] == ["rate_limit", "streaming", "max_duration"]
    assert tiers["trial"].policies[0] != tiers["standard"].policies[0]
    assert tiers["trial"].policies[1] == tiers["standard"].policies[1]


def test_the_policy_of_ones_own_is_of_about_ten_lines() -> None:
    assert len([line for line in fences("Your own", "python")[0].splitlines() if line]) <= 13


# -- what is done ------------------------------------------------------------------------------------------------------

Try = Callable[..., "Trial"]


class Trial:
    """A gateway with one example of the document before the scripted origin, and a key of its tier."""

    def __init__(self, service: Service, origin: Origin) -> None:
        self.service = service
        self._origin = origin
        self.key = {"X-API-Key": service.add_key("acme", "example")}

    def token(self) -> dict[str, str]:
        return {"X-Session-Token": self.service.token(self.key["X-API-Key"])}

    def media(self, who: dict[str, str], path: str = "/v.ts", **fields: str) -> Reply:
        return self.service.media(self._origin.url + path, who | fields)

    def usage(self, who: dict[str, str], policy: str) -> Any:
        return self.service.get("/api/usage", who).json["policies"][policy]


@pytest.fixture
def start(origin: Origin, start_service: StartService) -> Try:
    """Start an example of the document, by its heading and its place there."""
    origin.scripts["/v.ts"] = answer(b"video", Content_Type="video/mp2t")
    origin.scripts["/big.ts"] = answer(BODY, Content_Type="video/mp2t")
    origin.scripts["/a.mp3"] = answer(b"audio", Content_Type="audio/mpeg")
    origin.scripts["/m.m3u8"] = answer(PLAYLIST, Content_Type="application/vnd.apple.mpegurl")

    def started(heading: str, place: int = 0, *arguments: str) -> Trial:
        text = f"origins: ['{origin.url}']\n{example_files()[f'{heading} {place}']}"
        return Trial(start_service(text, *arguments), origin)

    return started


def assert_refused(reply: Reply, heading: str, place: int = 0) -> None:
    told = documented(heading, place)
    assert reply.status == told["status"]
    assert same(reply.json, told), reply.json
    assert list(reply.json) == list(told)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["Retry-After"] == (str(reply.json["retry_after"]) if told["status"] == 429 else None)


def test_rate_limit(start: Try) -> None:
    trial = start("rate_limit")
    trial.token()
    usage = trial.usage(trial.key, "rate_limit")
    assert same(usage, documented("rate_limit", 1))
    assert [window["remaining"] for window in usage["windows"]] == [1, 96]
    refused = trial.service.get("/api/auth", trial.key, "POST")
    assert_refused(refused, "rate_limit")
    policies = '"rate_limit-10s";q=5;w=10, "rate_limit-1h";q=100;w=3600'
    assert refused.headers["RateLimit-Policy"] == policies


def test_streaming(start: Try) -> None:
    trial = start("streaming")
    token = trial.token()
    for who in (trial.key, token):
        assert trial.media(who, "/a.mp3").body == b"audio"
        assert trial.media(who, "/m.m3u8").status == 200
        assert_refused(trial.media(who, "/v.ts"), "streaming")
    assert same(trial.usage(token, "streaming"), documented("streaming", 1))


def test_concurrent_streams_that_reject(start: Try) -> None:
    trial = start("concurrent_streams")
    first, second = trial.token(), trial.token()
    assert trial.media(first).status == 200
    assert_refused(trial.media(second), "concurrent_streams")
    assert trial.media(first).status == 200
    assert same(trial.usage(first, "concurrent_streams"), documented("concurrent_streams", 2))


def test_concurrent_streams_that_stop_the_oldest(start: Try) -> None:
    trial = start("concurrent_streams", 1)
    first, second = trial.token(), trial.token()
    assert trial.media(first).status == 200
    assert trial.media(second).status == 200
    assert_refused(trial.media(first), "concurrent_streams", 1)
    assert trial.media(second).status == 200


def test_bandwidth(start: Try) -> None:
    trial = start("bandwidth")
    began = time.monotonic()
    assert trial.media(trial.token(), "/big.ts").body == BODY
    assert time.monotonic() - began > 1.0  # 12 Mbit at 8 Mbit/s, but for the first slice
    viewers = [threading.Thread(target=trial.media, args=(trial.token(), "/big.ts")) for _ in range(3)]
    began = time.monotonic()
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert time.monotonic() - began > 1.5  # 36 Mbit at 20 Mbit/s, but for the first slices
    assert same(trial.usage(trial.key, "bandwidth"), documented("bandwidth", 0))


def test_egress_quota(start: Try) -> None:
    trial = start("egress_quota")
    with pytest.raises(http.client.IncompleteRead) as cut:
        trial.media(trial.key, "/big.ts")
    assert 1_000_000 - 64 * 1024 <= len(cut.value.partial) <= 1_000_000
    assert_refused(trial.media(trial.token(), "/big.ts"), "egress_quota")
    assert trial.media(trial.key, "/v.ts").status == 200
    usage = trial.usage(trial.key, "egress_quota")
    assert same(usage, documented("egress_quota", 1))
    assert usage["day"]["used"] == len(cut.value.partial) + len(b"video")


def test_max_duration(start: Try) -> None:
    trial = start("max_duration")
    token = trial.token()
    assert trial.media(token).status == 200
    time.sleep(2.1)
    assert_refused(trial.media(token), "max_duration")
    assert trial.media(trial.token()).status == 200
    assert trial.media(trial.key).status == 200
    assert same(trial.usage(token, "max_duration"), documented("max_duration", 1))


def test_cors_origins(start: Try) -> None:
    trial = start("cors_origins")
    token = trial.token()
    assert trial.media(token).status == 200
    good = trial.media(token, Origin="https://www.example.com")
    assert good.status == 200
    assert "Origin" in good.headers.get_all("Vary", [])
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert_refused(trial.media(token, **elsewhere), "cors_origins")
    assert_refused(trial.service.get("/api/usage", token | elsewhere), "cors_origins")
    assert trial.media(token, Origin="null").status == 403
    assert trial.media(token, **{"Sec-Fetch-Site": "cross-site", "Referer": "https://elsewhere.example/"}).status == 403
    assert trial.media(trial.key, **elsewhere).status == 200
    assert same(trial.usage(token, "cors_origins"), documented("cors_origins", 1))


def test_token_uses(start: Try) -> None:
    trial = start("token_uses")
    token, _ = trial.token(), trial.token()
    assert_refused(trial.service.get("/api/auth", trial.key, "POST"), "token_uses")
    assert same(trial.usage(token, "token_uses"), documented("token_uses", 1))


def test_a_policy_in_shadow(start: Try) -> None:
    trial = start("shadow")
    replies = [trial.media(trial.key) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[1].headers["RateLimit"] is None
    trial.service.wait_for_log('"shadow": "rate_limit: Rate limit exceeded"')
    assert trial.usage(trial.token(), "rate_limit").keys() == {"shadow", "policy"}
    metrics = trial.service.admin("/metrics").body.decode()
    assert re.search(r"^sluicegate_shadow_denials_total\{.*policy=\"rate_limit\".*\} [1-9]", metrics, re.MULTILINE)


def test_a_tier_that_denies_when_the_store_is_down(start: Try, tmp_path: Path) -> None:
    redis = start_redis(tmp_path, free_port())
    try:
        trial = start("on_store_error", 0, "--redis", redis.url)
        assert trial.media(trial.key).status == 200
    finally:
        redis.process.kill()
        redis.process.wait()
    refused = trial.media(trial.key)
    assert (refused.status, refused.json["error"]) == (503, "Temporarily out of capacity")
    assert refused.headers["Retry-After"]


def test_a_policy_of_ones_own(start: Try, tmp_path: Path) -> None:
    trial = start("Your own", 0, "--policies", str(own_policy(tmp_path / "own")))
    assert trial.media(trial.key).status == 200
    refused = trial.media({"X-API-Key": trial.service.add_key("initech", "example")})
    assert (refused.status, refused.json["detail"]) == (403, "The client initech gets no media.")
