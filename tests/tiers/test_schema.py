"""The JSON Schema of ``tiers.yaml`` against the compiler: it accepts what that accepts, and refuses what it can."""

from __future__ import annotations

import collections.abc
import json
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.policy import Bitrate, Call, OriginPattern, Positive, Rate, Seconds, Volume, WebOrigin
from gateway.tiers import ConfigErrors, compile_tiers, discover
from gateway.tiers.fields import options
from gateway.tiers.schema import schema
from tests.policies.test_documented import example_files, own_policy
from tests.tiers.samples import POLICIES, REPOSITORY, mistakes

SHIPPED = REPOSITORY / "docs/tiers.schema.json"
BUNDLED = discover(REPOSITORY / "policies")
VALIDATOR = Draft202012Validator(schema(POLICIES))


def line(policy: str) -> str:
    """A file with one line of one tier."""
    return f"tiers:\n  a:\n    {policy}\n"


def accepted(text: str, validator: Draft202012Validator = VALIDATOR) -> bool:
    """Whether the schema accepts a file, as an editor sees it: its keys are always text."""
    return bool(validator.is_valid(json.loads(json.dumps(yaml.safe_load(text)))))


# -- the schema itself -------------------------------------------------------------------------------------------------


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema(POLICIES))
    Draft202012Validator.check_schema(json.loads(SHIPPED.read_text()))


def test_the_shipped_schema_is_what_the_policies_make() -> None:
    made = printed()
    assert made == SHIPPED.read_text(), "run: .venv/bin/python main.py schema > docs/tiers.schema.json"


def printed(*arguments: str) -> str:
    command = [sys.executable, "main.py", "schema", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


def test_the_shipped_file_names_its_schema() -> None:
    first = (REPOSITORY / "tiers.yaml").read_text().partition("\n")[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert REPOSITORY / named == SHIPPED


def test_policies_of_ones_own_are_in_the_schema(tmp_path: Path) -> None:
    validator = Draft202012Validator(json.loads(printed("--policies", str(own_policy(tmp_path / "own")))))
    assert accepted(line("only_clients: [acme, globex]"), validator)
    assert not accepted(line("only_clients: {client: acme}"), validator)
    assert not accepted(line("only_clients: acme"))


def test_a_folder_that_is_not_there_is_told_and_no_schema_printed() -> None:
    command = [sys.executable, "main.py", "schema", "--policies", "nowhere"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere is not a folder" in done.stderr


@pytest.mark.parametrize("name", BUNDLED)
def test_an_editor_is_told_what_a_policy_does_and_what_its_fields_are(name: str) -> None:
    told = json.loads(SHIPPED.read_text())["properties"]["tiers"]["patternProperties"]["^[a-z][a-z0-9_-]{0,31}$"]
    policy = told["properties"][name]
    assert len(policy["description"]) > 40
    (long_form,) = (form for form in policy["anyOf"] if form.get("type") == "object")
    assert list(long_form["properties"]) == [*options(BUNDLED[name]), "shadow"]
    assert long_form["additionalProperties"] is False


# -- what is right -----------------------------------------------------------------------------------------------------

SHORT = {
    "rate_limit": ["10/60s", "[10/1s, 1000/1h]", "'10/60s'", "999999/1d"],
    "streaming": ["true", "false"],
    "concurrent_streams": ["3", "10000"],
    "bandwidth": ["8Mbit/s", "800kbit/s", "1Gbit/s"],
    "egress_quota": ["500GB/month", "20GiB/day", "[20GB/day, 500GB/month]", "[1kB/day]"],
    "max_duration": ["2h", "'90s'"],
    "cors_origins": ["https://www.example.com", "['https://*.example.com', http://localhost:8080]"],
    "token_uses": ["50"],
    "variety": ["local"],
}
LONG = {
    "rate_limit": ["{limit: 10, window: 60s}", "{rates: [10/1s, 1000/1h], cost: {auth: 5, api: 2}, shadow: true}"],
    "streaming": ["{allowed: true}", "{origins: ['https://*.example.com'], kinds: [hls, other]}", "{kinds: dash}"],
    "concurrent_streams": ["{limit: 3}", "{limit: 3, when_full: stop_oldest, idle: 30s, shadow: false}"],
    "bandwidth": ["{session: 8Mbit/s}", "{key: 100Mbit/s}", "{session: 8Mbit/s, key: 100Mbit/s}"],
    "egress_quota": ["{volumes: 1TB/month}", "{volumes: [20GB/day, 1TiB/month], when_reached: finish}"],
    "max_duration": ["{limit: 2h}"],
    "cors_origins": ["{origins: ['http://[::1]:8080', https://example.com/]}"],
    "token_uses": ["{limit: 50, shadow: true}"],
    "variety": [
        "{mode: deny, count: 7, enabled: true, label: 12, hosts: [a, b], window: 5s}",
        "{mode: allow, hosts: a}",
    ],
}
FILES = {
    "no origins": "origins: []\n" + line("streaming: true"),
    "origins": "origins: [https://a.example.com, 'HTTPS://*.example.com:8443', http://127.0.0.1:8090, 'http://[::1]']\n"
    + line("streaming: true"),
    "origins in full": "origins: [{url: 'https://*.example.com', connect_timeout: 2s}, {url: https://a.example.com,"
    " fallback: [https://b.org, 'http://10.0.0.1:80'], stall_timeout: 10s, cmcd: true}]\n" + line("streaming: true"),
    "lifetimes": "session: {lifetime: 90s}\nplayback: {lifetime: 1d}\n" + line("streaming: true"),
    "tier": line("streaming: true\n    open_key: public_api_key\n    on_store_error: deny"),
    "number as an open key": line("streaming: true\n    open_key: 12345"),
    "tier that only extends": "tiers:\n  a: {streaming: true}\n  b-2_x: {extends: a}\n",
    "shipped": (REPOSITORY / "tiers.yaml").read_text(),
}
GOOD = FILES | {
    f"{name}: {value}": line(f"{name}: {value}")
    for form in (SHORT, LONG)
    for name, values in form.items()
    for value in values
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_the_compiler_accepts_the_schema_accepts(text: str) -> None:
    assert mistakes(text) == []
    assert accepted(text)


def test_every_policy_is_among_them_in_both_its_forms() -> None:
    assert set(SHORT) == set(LONG) == set(POLICIES)


@pytest.mark.parametrize("name", example_files())
def test_every_documented_example_is_accepted(name: str, tmp_path: Path) -> None:
    policies = discover(REPOSITORY / "policies", own_policy(tmp_path / "own"))
    assert accepted(example_files()[name], Draft202012Validator(schema(policies)))


WORDS = (
    "true false True yes on 0 1 7 017 1_000 1e3 -5 1.5 10000 1000000000001 1s 30m 0s 60 10/60s 0/60s 10/1:30 1/1d"
    " 8Mbit/s 8Mb/s 500GB/month 20GiB/day 5KB/day local deny allow hls other reject stop_oldest cut finish api auth"
    " https://a.example.com 'https://*.example.com' https://a.example.com/x http://localhost 'null' ~ sg_x '7' ''"
)
ORIGINS = ["https://a.example.com", "'https://*.a.example'", "http://[::1]:80", "HTTP://xn--bcher-kva.example/"]
WRITTEN: dict[object, list[str]] = {
    bool: ["true", "false"],
    str: ["a", "7", "true", "1.5", "'on'", "'null'", "x y", "1:30"],
    Positive: ["1", "7", "999"],
    Seconds: ["5s", "30m", "'999999s'", "1d"],
    Rate: ["1/1s", "1000/90m", "'7/1d'"],
    Bitrate: ["8Mbit/s", "1Gbit/s", "999999999kbit/s"],
    Volume: ["1kB/day", "500GB/month", "20GiB/day", "999999999TiB/month"],
    OriginPattern: ORIGINS,
    WebOrigin: [*ORIGINS, "http://localhost:3000"],
}
"""How values of each type can be written."""


def values(annotation: Any) -> st.SearchStrategy[str]:
    """Values of a field's type, as they can be written."""
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple:
        return st.one_of(values(arguments[0]), st.lists(values(arguments[0]), min_size=1, max_size=3).map(_list))
    if get_origin(annotation) is collections.abc.Mapping:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2).map(_mapping)
    if get_origin(annotation) in {types.UnionType, Union}:
        return values(arguments[0])
    return st.sampled_from(WRITTEN.get(annotation, list(arguments)))


def _list(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _mapping(entries: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in entries.items()) + "}"


@st.composite
def policy_lines(draw: st.DrawFn) -> str:
    """A line in a short or a long form; in some, one word is as good as another."""
    name = draw(st.sampled_from(sorted(POLICIES)))
    annotations = get_type_hints(POLICIES[name])
    wrong = st.sampled_from(WORDS.split()) if draw(st.integers(0, 3)) == 0 else st.nothing()
    fields = {field: values(annotations[field]) | wrong for field in options(POLICIES[name])}
    if draw(st.booleans()):
        return f"{name}: {draw(next(iter(fields.values())))}"
    fields |= {"shadow": values(bool) | wrong}
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, min_size=1))
    return f"{name}: {_mapping({field: draw(fields[field]) for field in chosen})}"


@settings(max_examples=500, deadline=None)
@given(policy_lines())
def test_the_schema_never_refuses_what_the_compiler_accepts(policy: str) -> None:
    assume(not mistakes(line(policy)))
    assert accepted(line(policy)), policy


# -- what is wrong -----------------------------------------------------------------------------------------------------

BOTH_REFUSE = {
    "unknown key": "origin: []\n" + line("streaming: true"),
    "origins no list": "origins: https://a.example.com\n" + line("streaming: true"),
    "origins nothing": "origins:\n" + line("streaming: true"),
    "origin of no web": "origins: ['ftp://a.example.com']\n" + line("streaming: true"),
    "origin with a path": "origins: ['https://a.example.com/x']\n" + line("streaming: true"),
    "origin with a user": "origins: ['https://me@a.example.com']\n" + line("streaming: true"),
    "origin without a url": "origins: [{fallback: https://a.org}]\n" + line("streaming: true"),
    "origin of no field": "origins: [{url: https://a.org, backup: https://b.org}]\n" + line("streaming: true"),
    "fallback of no web": "origins: [{url: https://a.org, fallback: ftp://b.org}]\n" + line("streaming: true"),
    "timeout without a unit": "origins: [{url: https://a.org, stall_timeout: 10}]\n" + line("streaming: true"),
    "what is told is no choice": "origins: [{url: https://a.org, cmcd: all}]\n" + line("streaming: true"),
    "any origin": "origins: ['*']\n" + line("streaming: true"),
    "session short": "session: 30m\n" + line("streaming: true"),
    "session empty": "session: {}\n" + line("streaming: true"),
    "session field": "session: {lifetme: 3m, lifetime: 3m}\n" + line("streaming: true"),
    "lifetime no unit": "session: {lifetime: 1800}\n" + line("streaming: true"),
    "lifetime zero": "playback: {lifetime: 0s}\n" + line("streaming: true"),
    "no tiers": "origins: []\n",
    "tiers nothing": "tiers:\n",
    "tiers without one": "tiers: {}\n",
    "tiers a list": "tiers: [a]\n",
    "tier empty": "tiers: {a: {}}\n",
    "tier nothing": "tiers:\n  a:\n",
    "tier with a key only": "tiers: {a: {open_key: x, on_store_error: deny}}\n",
    "tier a word": "tiers: {a: free}\n",
    "tier in capitals": "tiers: {Pro: {streaming: true}}\n",
    "tier name too long": f"tiers: {{{'a' * 33}: {{streaming: true}}}}\n",
    "extends several": "tiers: {a: {extends: [b, c]}}\n",
    "extends nothing": "tiers: {a: {extends: }}\n",
    "open key nothing": line("streaming: true\n    open_key: null"),
    "open key a switch": line("streaming: true\n    open_key: true"),
    "open key with a space": line("streaming: true\n    open_key: a b"),
    "open key like a key": line("streaming: true\n    open_key: sg_x"),
    "store error": line("streaming: true\n    on_store_error: ignore"),
} | {
    f"policy: {it}": line(it)
    for it in (
        "rate_limt: 1/1s",
        "shadow: true",
        "rate_limit:",
        "rate_limit: 10",
        "rate_limit: 0/60s",
        "rate_limit: 10/60",
        "rate_limit: 10/1:30",
        "rate_limit: [10, 60s]",
        "rate_limit: []",
        "rate_limit: [10/1s, 10/1s]",
        "rate_limit: {limit: 1, windw: 1s, window: 1s}",
        "rate_limit: {limit: , window: 1s}",
        "rate_limit: {limit: 1, window: 60}",
        "rate_limit: {rates: 10/1s, cost: {autth: 2}}",
        "rate_limit: {rates: 10/1s, cost: {auth: 0}}",
        "rate_limit: {rates: 10/1s, cost: 2}",
        "streaming: 'true'",
        "streaming: 1",
        "streaming: [true]",
        "streaming: {allowed: true, shadow: 1}",
        "streaming: {kinds: [hls, flv]}",
        "streaming: {origins: ['*']}",
        "concurrent_streams: 0",
        "concurrent_streams: -1",
        "concurrent_streams: 1.5",
        "concurrent_streams: '3'",
        "concurrent_streams: 1000000000001",
        "concurrent_streams: {when_full: reject}",
        "concurrent_streams: {limit: 3, when_full: oldest}",
        "concurrent_streams: {limit: 3, idle: 30}",
        "bandwidth: 8",
        "bandwidth: 8Mb/s",
        "bandwidth: 8MB/s",
        "bandwidth: 0Mbit/s",
        "bandwidth: {sesion: 8Mbit/s}",
        "egress_quota: 500GB",
        "egress_quota: 500GB/week",
        "egress_quota: 500gb/month",
        "egress_quota: {when_reached: cut}",
        "egress_quota: {volumes: 1GB/day, when_reached: stop}",
        "max_duration: 120",
        "max_duration: 2 hours",
        "max_duration: {}",
        "cors_origins: '*'",
        "cors_origins: www.example.com",
        "cors_origins: https://www.example.com/page",
        "token_uses: 0",
        "token_uses: many",
        "variety: maybe",
        "variety: {mode: deny, label: ~}",
        "variety: {mode: deny, hosts: [a, [b]]}",
    )
}
ONLY_THE_COMPILER_REFUSES = {
    "a tier that is not there": "tiers: {a: {extends: b}}\n",
    "a circle": "tiers: {a: {extends: b}, b: {extends: a}}\n",
    "one open key twice": "tiers:\n  a: {streaming: true, open_key: x}\n  b: {streaming: true, open_key: x}\n",
    "a lifetime over a year": "session: {lifetime: 366d}\n" + line("streaming: true"),
    "a private origin by name": "origins: ['http://localhost:8090']\n" + line("streaming: true"),
    "an address that is not canonical": "origins: ['http://0177.0.0.1']\n" + line("streaming: true"),
    "a fallback to many": "origins: [{url: https://a.org, fallback: 'https://*.b.org'}]\n" + line("streaming: true"),
    "too long a timeout": "origins: [{url: https://a.org, connect_timeout: 1h}]\n" + line("streaming: true"),
    "a key that stands twice": line("streaming: true\n    streaming: false"),
    "YAML 1.1's other words": line("streaming: yes"),
    "an octal number": line("concurrent_streams: 017"),
    "grouped digits": line("concurrent_streams: 1_000"),
    "items that are equal and not the same": line("rate_limit: [10/60s, 10/1m]"),
    "half a rate": line("rate_limit: {limit: 1}"),
    "a rate twice over": line("rate_limit: {rates: 10/60s, limit: 1, window: 1s}"),
    "a cost over the limit": line("rate_limit: {rates: 10/60s, cost: {auth: 11}}"),
    "no word on streaming": line("streaming: {shadow: true}"),
    "no rate": line("bandwidth: {}"),
    "two volumes a day": line("egress_quota: [1GB/day, 2GB/day]"),
    "an idle time too short": line("concurrent_streams: {limit: 1, idle: 1s}"),
    "more tokens than are remembered": line("token_uses: 100001"),
}


@pytest.mark.parametrize("text", BOTH_REFUSE.values(), ids=BOTH_REFUSE)
def test_both_refuse(text: str) -> None:
    assert mistakes(text)
    assert not accepted(text)


@pytest.mark.parametrize("text", ONLY_THE_COMPILER_REFUSES.values(), ids=ONLY_THE_COMPILER_REFUSES)
def test_what_only_the_compiler_can_tell(text: str) -> None:
    assert mistakes(text)
    assert accepted(text)


# -- policies of every shape -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """A type of a policy's own, which does not say how it is written."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(text)


@dataclass(frozen=True)
class Shapes:
    weights: Mapping[Positive, Seconds]
    names: Mapping[str, tuple[Rate, ...]] | None = None
    words: tuple[Word, ...] = ()

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield


@dataclass(frozen=True)
class Shortened:
    first: Positive
    second: Literal["a", "b"]

    @classmethod
    def short(cls, text: str) -> Self:
        return cls(Positive(int(text)), "a")

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield


@dataclass(frozen=True)
class Bare:
    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield


SHAPES: dict[str, Any] = {"shapes": Shapes, "shortened": Shortened, "bare": Bare}


@pytest.mark.parametrize(
    ("policy", "right"),
    [
        ("shapes: {weights: {1: 5s}}", True),
        ("shapes: {weights: {0: 5s}}", False),
        ("shapes: {weights: {1: 5}}", False),
        ("shapes: {weights: [1]}", False),
        ("shapes: {weights: {}, names: {x: [1/1s, 2/2s], y: 1/1s}}", True),
        ("shapes: {weights: {}, names: {x: 1}}", False),
        ("shapes: {weights: {}, words: [7, x, true]}", True),
        ("shapes: {weights: {}, words: [{}]}", False),
        ("shapes: {1: 5s}", False),
        ("shortened: 7", True),
        ("shortened: {first: 7, second: b}", True),
        ("shortened: {first: 7}", False),
        ("shortened: [7]", False),
        ("bare: {}", True),
        ("bare: {shadow: true}", True),
        ("bare: true", False),
    ],
)
def test_policies_of_every_shape(policy: str, right: bool) -> None:
    try:
        compile_tiers(line(policy).encode(), SHAPES)
    except ConfigErrors:
        assert not right
    else:
        assert right
    assert accepted(line(policy), Draft202012Validator(schema(SHAPES))) == right
