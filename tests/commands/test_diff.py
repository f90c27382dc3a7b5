"""``main.py diff``, as an operator types it before an edit goes live."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.identity import KeyFile
from main import cli
from tests.commands.test_command_line import run
from tests.commands.test_explain import ALL, PLAIN

RATE = "rate_limit: 100/60s"
OPEN = "streaming: true"


def tiers(*policies: str, tier: str = "standard", top: str = "") -> str:
    return f"{top}\ntiers:\n  {tier}:\n" + "".join(f"    {policy}\n" for policy in policies)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped tiers in force, and three clients."""
    (tmp_path / "tiers.yaml").write_text(ALL)
    own = tmp_path / "own"
    own.mkdir()
    (own / "plain.py").write_text(PLAIN)
    for client, tier in (("acme", "standard"), ("beta", "standard")):
        KeyFile(tmp_path / "keys.yaml", b"pepper", time.time).add(client, tier)
    return tmp_path


def diff(folder: Path, old: str, new: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "old.yaml").write_text(old)
    (folder / "new.yaml").write_text(new)
    command = ["diff", "old.yaml", "new.yaml", "--keys", "keys.yaml", "--policies", "own", *options]
    with chdir(folder):  # in this process: each of its own would take longer to start than all the rest
        said = CliRunner().invoke(cli, command)
    return subprocess.CompletedProcess(command, said.exit_code, said.stdout, said.stderr)


def changes(folder: Path, old: str, new: str) -> list[tuple[str, str, str]]:
    """What changes in the one tier that does, which is told of every client on it too."""
    said = diff(folder, old, new, "--json")
    answer: Any = json.loads(said.stdout)
    (tier,) = answer["tiers"]
    assert said.returncode == 1
    for client in answer["clients"]:
        assert client["tier"] == tier["tier"]
        assert client["changes"] == tier["changes"]
    return [(change["effect"], change["what"], change["told"]) for change in tier["changes"]]


def test_two_ways_to_write_the_same_are_no_difference(folder: Path) -> None:
    short = tiers(RATE, "streaming: {origins: [https://a.example.com]}", "token_uses: 5")
    long = tiers(
        "rate_limit: {rates: [100/60s]}",
        "streaming: {allowed: true, origins: [https://a.example.com]}",
        "token_uses: {limit: 5}",
    )
    for new in (short, long):
        said = diff(folder, short, new)
        assert (said.returncode, said.stdout) == (0, "No difference: both files mean the same.\n")
    assert json.loads(diff(folder, short, long, "--json").stdout)["same"] is True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate_limit: [10/1s, 100/60s]", "rate_limit: [100/60s, 10/1s]"),
        (RATE, "rate_limit: {rates: 100/60s, cost: {auth: 1}}"),
        (OPEN, "streaming: {kinds: [other, text, image, audio, video, dash, hls]}"),
        ("streaming: {kinds: [hls, audio]}", "streaming: {kinds: [audio, hls]}"),
        ("egress_quota: [1GB/day, 2GB/month]", "egress_quota: [2GB/month, 1GB/day]"),
        ("cors_origins: [https://a.org, https://b.org]", "cors_origins: [https://b.org, https://a.org]"),
    ],
)
def test_what_means_the_same_is_no_difference(folder: Path, old: str, new: str) -> None:
    said = diff(folder, tiers(old), tiers(new))
    assert (said.returncode, said.stdout) == (0, "No difference: both files mean the same.\n")


def test_a_limit_of_one_in_shadow_is_told_by_its_number(folder: Path) -> None:
    old, new = (tiers(f"token_uses: {{limit: {limit}, shadow: true}}") for limit in (2, 1))
    told = "in shadow: tokens alive at once: 2 -> tokens alive at once: 1"
    assert changes(folder, old, new) == [("changes", "token_uses", told)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (RATE, "rate_limit: 200/60s", "requests in 60s: 100 -> 200"),
        (RATE, "rate_limit: {rates: [100/60s, 10/1s]}", None),
        ("rate_limit: {rates: [100/60s], cost: {auth: 5}}", RATE, "requests to auth in 60s: 20 -> no limit"),
        (
            "streaming: {origins: [https://a.org]}",
            "streaming: {origins: [https://a.org, https://b.org]}",
            "https://b.org",
        ),
        ("streaming: {kinds: [hls]}", "streaming: {kinds: [hls, dash]}", "streaming dash"),
        ("streaming: {origins: [https://a.org]}", OPEN, "streaming from any origin"),
        ("concurrent_streams: 3", "concurrent_streams: 5", "streams at once: 3 -> 5"),
        ("egress_quota: 500GB/month", "egress_quota: 2TB/month", "bytes a month: 500GB -> 2TB"),
        ("bandwidth: 800kbit/s", "bandwidth: 8Mbit/s", "bit/s for each session: 800kbit/s -> 8Mbit/s"),
        ("bandwidth: {session: 8Mbit/s, key: 1Gbit/s}", "bandwidth: 8Mbit/s", "bit/s for the key: 1Gbit/s -> no limit"),
        ("max_duration: 2h", "max_duration: 3h", "seconds of viewing: 2h -> 3h"),
        ("concurrent_streams: 1", "concurrent_streams: 2", "streams at once: 1 -> 2"),
        ("rate_limit: [1/1s, 1/60s]", "rate_limit: 1/60s", "requests in 1s: 1 -> no limit"),
        ("token_uses: 5", "token_uses: 6", "tokens alive at once: 5 -> 6"),
        ("cors_origins: [https://a.org]", "cors_origins: [https://a.org, https://b.org]", "pages of https://b.org"),
    ],
)
def test_more_is_a_gain_and_the_way_back_a_loss(folder: Path, old: str, new: str, told: str | None) -> None:
    there = changes(folder, tiers(old), tiers(new))
    back = changes(folder, tiers(new), tiers(old))
    policy = new.partition(":")[0]
    if told is None:  # one window more is a loss
        there, back, told = back, there, "requests in 1s: 10 -> no limit"
    assert [(effect, what) for effect, what, _ in there] == [("gains", policy)]
    assert told in there[0][2]
    assert "loses" in {effect for effect, _, _ in back}
    assert "gains" not in {effect for effect, _, _ in back}


def test_what_was_allowed_already_is_no_gain(folder: Path) -> None:
    narrowed = changes(folder, tiers(OPEN), tiers("streaming: {origins: [https://a.org], kinds: [hls]}"))
    assert narrowed == [
        ("loses", "streaming", "streaming from any origin, but for: streaming from https://a.org"),
        ("loses", "streaming", "streaming any kind, but for: streaming hls"),
    ]
    wild, one = ('cors_origins: ["https://*.example.com"]', "cors_origins: [https://a.example.com]")
    left = "pages of https://*.example.com, but for: pages of https://a.example.com"
    assert changes(folder, tiers(wild), tiers(one)) == [("loses", "cors_origins", left)]


@pytest.mark.parametrize(
    "policy",
    [
        RATE,
        "concurrent_streams: 3",
        "egress_quota: 500GB/month",
        "bandwidth: 8Mbit/s",
        "max_duration: 2h",
        "token_uses: 5",
        "cors_origins: [https://a.org]",
        "plain: good",
    ],
)
def test_a_policy_more_is_a_loss_and_one_in_shadow_enforces_nothing(folder: Path, policy: str) -> None:
    name, _, value = policy.partition(": ")
    first = {
        "rate_limit": "rates",
        "egress_quota": "volumes",
        "bandwidth": "session",
        "cors_origins": "origins",
        "plain": "mood",
    }.get(name, "limit")
    shadow = f"{name}: {{{first}: {value}, shadow: true}}"
    without, enforced, tried = (tiers(OPEN, *more) for more in ([], [policy], [shadow]))
    for old, new, effect, told in (
        (without, enforced, "loses", "new: "),
        (enforced, without, "gains", "gone; it was "),
        (tried, enforced, "loses", "enforced, no longer in shadow: "),
        (enforced, tried, "gains", "in shadow, no longer enforced; it was "),
        (without, tried, "changes", "tried in shadow: "),
        (tried, without, "changes", "no longer tried in shadow"),
    ):
        ((got, what, text),) = changes(folder, old, new)
        assert (got, what) == (effect, name)
        assert text.startswith(told)


def test_streaming_that_is_not_named_is_none(folder: Path) -> None:
    assert ("gains", "streaming", "streaming") in changes(folder, tiers(RATE), tiers(RATE, OPEN))
    assert ("loses", "streaming", "streaming") in changes(folder, tiers(RATE, OPEN), tiers(RATE))


def test_a_policy_that_does_not_tell_what_it_allows_has_changed(folder: Path) -> None:
    assert changes(folder, tiers("plain: good"), tiers("plain: bad")) == [
        ("changes", "plain", "mood good -> mood bad"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "concurrent_streams: 3",
            "concurrent_streams: {limit: 3, when_full: stop_oldest}",
            "when_full: reject -> stop_oldest",
        ),
        (
            "egress_quota: 1TB/day",
            "egress_quota: {volumes: 1TB/day, when_reached: finish}",
            "when_reached: cut -> finish",
        ),
    ],
)
def test_an_option_that_is_no_amount_has_changed(folder: Path, old: str, new: str, told: str) -> None:
    name = old.partition(":")[0]
    assert changes(folder, tiers(old), tiers(new)) == [("changes", name, told)]
    more = new.replace("limit: 3", "limit: 4").replace("1TB", "2TB")
    effects = [effect for effect, _, _ in changes(folder, tiers(old), tiers(more))]
    assert effects == ["gains", "changes"]


def test_the_order_of_policies_is_told(folder: Path) -> None:
    ((effect, what, told),) = changes(folder, tiers(RATE, OPEN), tiers(OPEN, RATE))
    assert (effect, what, told) == ("changes", "order", "rate_limit, streaming -> streaming, rate_limit")


def test_open_keys_and_what_holds_without_a_store_are_told(folder: Path) -> None:
    old, new = tiers(RATE, "open_key: one"), tiers(RATE, "open_key: two", "on_store_error: deny")
    assert [change[:2] for change in changes_of_tier(folder, old, new)] == [
        ("loses", "open_key"),
        ("gains", "open_key"),
        ("loses", "on_store_error"),
    ]


def changes_of_tier(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    answer = json.loads(diff(folder, old, new, "--json").stdout)
    assert {client["client"] for client in answer["clients"]} == {"acme", "beta", "open-standard"}
    return [(change["effect"], change["what"]) for change in answer["tiers"][0]["changes"]]


def test_what_holds_for_everyone_is_told_once_and_of_each_client(folder: Path) -> None:
    old = tiers(OPEN, top='origins: ["https://*.example.com"]\nplayback: {lifetime: 6h}')
    new = tiers(OPEN, top="origins: [https://a.example.com, https://b.org]\nsession: {lifetime: 1h}")
    answer = json.loads(diff(folder, old, new, "--json").stdout)
    assert answer["tiers"] == []
    assert [(change["effect"], change["told"]) for change in answer["everyone"]] == [
        ("loses", "media from https://*.example.com, but for: https://a.example.com"),
        ("gains", "media from https://b.org"),
        ("gains", "tokens hold: 30m -> 1h"),
    ]
    assert [client["client"] for client in answer["clients"]] == ["acme", "beta"]
    assert all(client["changes"] == answer["everyone"] for client in answer["clients"])


def test_how_an_origin_is_reached_is_told_where_it_changes(folder: Path) -> None:
    old = tiers(OPEN, top="origins: [{url: https://a.org, stall_timeout: 5s}, https://b.org]")
    a = "{url: https://a.org, fallback: [https://b.org, https://c.org]}"
    new = tiers(OPEN, top=f"origins: [{a}, {{url: https://b.org, cmcd: true}}]")
    answer = json.loads(diff(folder, old, new, "--json").stdout)
    assert [(change["effect"], change["told"]) for change in answer["everyone"]] == [
        ("changes", "https://a.org falls back to none -> https://b.org, https://c.org"),
        ("changes", "https://a.org stall_timeout: 5s -> 20s"),
        ("changes", "https://b.org is told players' CMCD"),
    ]
    same = tiers(
        OPEN, top="origins: [{url: https://a.org, connect_timeout: 5s, stall_timeout: 5s}, {url: https://b.org}]"
    )
    assert json.loads(diff(folder, old, same, "--json").stdout)["everyone"] == []


def test_a_tier_that_goes_ends_all_keys_of_its_clients(folder: Path) -> None:
    (folder / "new.yaml").write_text(tiers(OPEN, tier="other"))
    said = run(folder, "diff", "tiers.yaml", "new.yaml")
    assert said.returncode == 1
    assert "tier standard: gone; all keys on it end" in said.stdout
    assert "tier other: new" in said.stdout
    for client in ("acme         standard", "beta         standard", "open-public  public  "):
        assert f"  {client}  all keys end" in said.stdout
    back = run(folder, "diff", "new.yaml", "tiers.yaml", "--json")
    effects = {client["client"]: client["effects"] for client in json.loads(back.stdout)["clients"]}
    assert effects == {"acme": ["gains"], "beta": ["gains"]}


def test_a_client_whose_keys_are_all_dead_is_not_told_of(folder: Path) -> None:
    run(folder, "keys", "revoke", "acme")
    said = diff(folder, tiers(RATE), tiers("rate_limit: 50/60s"))
    assert "beta  standard  loses rate_limit" in said.stdout
    assert "acme" not in said.stdout


def test_a_client_on_a_tier_that_is_in_neither_file_is_not_told_of(folder: Path) -> None:
    KeyFile(folder / "keys.yaml", b"pepper", time.time).add("gone", "legacy")
    said = diff(folder, tiers(OPEN), tiers(OPEN, top="session: {lifetime: 1h}"))
    assert "acme  standard  gains session" in said.stdout
    assert "gone" not in said.stdout


def test_people_read_aligned_lines_without_colours_in_a_pipe(folder: Path) -> None:
    said = diff(folder, tiers(RATE, "token_uses: 5"), tiers("rate_limit: 50/60s", "token_uses: 6"))
    assert "  - loses  rate_limit  requests in 60s: 100 -> 50\n" in said.stdout
    assert "  + gains  token_uses  tokens alive at once: 5 -> 6\n" in said.stdout
    assert "  acme  standard  gains token_uses; loses rate_limit\n" in said.stdout
    assert "\x1b" not in said.stdout


def test_without_a_file_of_keys_that_is_said(folder: Path) -> None:
    said = diff(folder, tiers(RATE), tiers("rate_limit: 50/60s"), "--keys", "nowhere.yaml")
    assert (said.returncode, "there is no nowhere.yaml" in said.stdout) == (1, True)


def test_what_cannot_be_read_is_told_with_its_file_and_place_and_exits_with_2(folder: Path) -> None:
    good, bad = tiers(RATE), tiers("rate_limit: ten")
    for old, new, place in ((good, bad, "new.yaml:4:17:"), (bad, good, "old.yaml:4:17:")):
        said = diff(folder, old, new)
        assert (said.returncode, said.stdout) == (2, "")
        assert f"{place} 'ten' is not a rate" in said.stderr
    assert run(folder, "diff", "tiers.yaml", "nowhere.yaml").returncode == 2
    assert run(folder, "diff", "tiers.yaml").returncode == 2
    (folder / "keys.yaml").write_text("clients: 1")
    said = diff(folder, good, good)
    assert (said.returncode, "keys.yaml:" in said.stderr) == (2, True)
