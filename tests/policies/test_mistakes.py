"""Each way to write a shipped policy wrongly, with the place and the words that it is told with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.tiers import discover
from tests.tiers.samples import REPOSITORY, compiled, mistakes

SHIPPED = sorted(discover(REPOSITORY / "policies"))

DURATION = "is not a duration; write a whole number and a unit, such as 60s"
RATE = "is not a rate; write requests per window, such as 10/60s"
BITRATE = "is not a bit rate; write a whole number and one of kbit/s, Mbit/s, Gbit/s, such as 8Mbit/s"
VOLUME = "is not a volume; write a whole number, one of kB, MB, GB, TB, KiB, MiB, GiB, TiB, and /day or /month"
NUMBER = "is not a whole number above zero"
WRONG_UNITS = {
    "duration": (DURATION, "60|1:30|017s|0s|-5s|1.5h|1e3s|5 s|5S|5w|٥s|.nan|on"),
    "rate": (RATE, "10|0/60s|-1/60s|1.5/60s|1_0/60s|٥/60s|on|.nan|10 /60s|10per60s|/60s"),
    "rate's window": (DURATION, "10/60|10/1:30|10/017s|10/0s|10/|10/60 s|10/60s/2|10/٦s"),
    "bit rate": (
        BITRATE,
        (
            "8|8mbit/s|8Mbps|8MB/s|8 Mbit/s|8Mbit|0Mbit/s|08Mbit/s|-8Mbit/s|1.5Mbit/s|٨Mbit/s|8Tbit/s|Mbit/s|8kBit/s"
            "|1000000000Mbit/s|.inf|no|8Mbit/s per session"
        ),
    ),
    "volume": (
        VOLUME,
        (
            "500GB|500gb/month|5 GB/month|500GB / month|500GB/Month|500GB/week|500GB/30d|0GB/month|017GB/day|-1GB/month"
            "|1.5GB/day|1e3GB/day|5Gbit/day|٥GB/day|GB/day|/day|500/month|1000000000GB/month|.nan|yes|5GB/day/month"
        ),
    ),
    "number": (
        NUMBER,
        "0|-1|1.5|1e3|1:30|017|0x1F|0b11|1_000|+5|٥|on|.nan|.inf|'5'|\"5\"|5 streams|unlimited|[5, 6]",
    ),
}
"""What is wrong in each unit."""

TAKES = {
    "max_duration: ": "duration",
    "max_duration: {limit: ": "duration",
    "concurrent_streams: {limit: 1, idle: ": "duration",
    "rate_limit: {limit: 1, window: ": "duration",
    "rate_limit: ": "rate",
    "rate_limit: [1/1s, ": "rate",
    "rate_limit: {rates: ": "rate's window",
    "bandwidth: ": "bit rate",
    "bandwidth: {key: ": "bit rate",
    "egress_quota: ": "volume",
    "egress_quota: {volumes: [": "volume",
    "concurrent_streams: ": "number",
    "concurrent_streams: {limit: ": "number",
    "token_uses: ": "number",
    "token_uses: {limit: ": "number",
    "rate_limit: {window: 1s, limit: ": "number",
    "rate_limit: {rates: 9/1s, cost: {auth: ": "number",
}
"""Where each unit stands: the line up to the value."""


def policy(line: str) -> str:
    """A tier's one line; it begins at 3:5."""
    return f"tiers:\n  a:\n    {line}\n"


def wrong_values() -> Iterator[tuple[str, str, str]]:
    for start, unit in TAKES.items():
        words, values = WRONG_UNITS[unit]
        yield from ((start, value, words) for value in values.split("|"))


@pytest.mark.parametrize(
    ("start", "value", "words"), list(wrong_values()), ids=lambda it: it if len(it) < 45 else "words"
)
def test_what_is_not_in_the_unit_is_told_at_its_place(start: str, value: str, words: str) -> None:
    ends = {"{": "}", "[": "]"}
    line = start + value + "".join(ends[opened] for opened in reversed(start) if opened in ends)
    (told,) = mistakes(policy(line))
    assert told.startswith(f"tiers.yaml:3:{5 + len(start)}: "), told
    assert words in told
    assert "; " in told


WRONG = {
    "two windows of one length": ("rate_limit: [10/60s, 20/1m]", 17, "windows of the same length; keep the lower one"),
    "rates beside a limit": ("rate_limit: {rates: 1/1s, limit: 5}", 17, "keep the rates alone"),
    "rates beside a window": ("rate_limit: {rates: 1/1s, window: 5s}", 17, "keep the rates alone"),
    "no rate at all": ("rate_limit: {}", 17, "the field limit is missing; write limit and window, or rates: [10/1s"),
    "cost alone": ("rate_limit: {cost: {auth: 2}}", 17, "the field limit is missing"),
    "limit alone": ("rate_limit: {limit: 1}", 17, "the field window is missing; write limit and window"),
    "window alone": ("rate_limit: {window: 1s}", 17, "the field limit is missing; write limit and window"),
    "empty rates": ("rate_limit: []", 17, "the list is empty; name something, or take the line out"),
    "rates of a mapping": ("rate_limit: {rates: {a: 1/1s}}", 25, "a list is wanted; write [one, two]"),
    "rate in a list in a list": ("rate_limit: [[1/1s]]", 18, "a list stands where one plain value is wanted"),
    "more requests than are remembered": ("rate_limit: 1000001/60s", 17, "the most is 1000000"),
    "a rate of any number": (f"rate_limit: {'9' * 13}/60s", 17, "too high a rate; the highest is 999999999999"),
    "a window of any length": ("rate_limit: 1/9999999999s", 17, "too long a duration; the longest is 999999999"),
    "a window longer than is remembered": ("rate_limit: [1/1s, 9/366d]", 17, "the longest is 365d"),
    "a cost above the limit": (
        "rate_limit: {rates: 5/60s, cost: {auth: 6}}",
        17,
        "costs 6, more than would ever be ad",
    ),
    "a cost above the lowest limit": ("rate_limit: {rates: [2/1s, 90/60s], cost: {api: 3}}", 17, "the most is 2"),
    "a cost above all": ("rate_limit: {rates: 9999/60s, cost: {api: 1001}}", 17, "the most is 1000"),
    "a cost of no route": (
        "rate_limit: {rates: 5/60s, cost: {play: 2}}",
        39,
        "write api or auth or grant or inspect",
    ),
    "a cost for all": ("rate_limit: {rates: 5/60s, cost: 2}", 38, "2 stands where a mapping is wanted; write {name: v"),
    "streaming nothing": ("streaming: {}", 16, "the field allowed is missing; write allowed: true or false, or name o"),
    "streaming nowhere": ("streaming: {origins: []}", 26, "the list is empty"),
    "streaming no kind": ("streaming: {kinds: []}", 24, "the list is empty"),
    "streaming both ways": ("streaming: {allowed: false, kinds: hls}", 16, "keep the one or the other"),
    "streaming not from somewhere": ("streaming: {allowed: false, origins: 'https://a.example'}", 16, "keep the one"),
    "streaming a kind": ("streaming: hls", 16, "hls is neither true nor false; write true or false"),
    "a kind that is none": (
        "streaming: {kinds: [hls, mp4]}",
        30,
        "mp4 is not one of the choices; write hls or dash or",
    ),
    "a kind twice": ("streaming: {kinds: [hls, hls]}", 30, "hls stands twice in the list; keep one"),
    "an origin with a path": (
        "streaming: {origins: ['https://a.example/v']}",
        27,
        "more than an origin; write https://a.e",
    ),
    "an origin twice": ("streaming: {origins: ['https://a.example', 'HTTPS://A.example:443/']}", 48, "stands twice"),
    "streams beyond memory": ("concurrent_streams: 10001", 25, "more than can be remembered; the most is 10000"),
    "streams without a limit": ("concurrent_streams: {idle: 30s}", 25, "the field limit is missing"),
    "streams idle too briefly": ("concurrent_streams: {limit: 1, idle: 4s}", 25, "the least is 5s"),
    "streams idle too long": ("concurrent_streams: {limit: 1, idle: 25h}", 25, "the most is 1d"),
    "streams of another mind": ("concurrent_streams: {limit: 1, when_full: stop}", 47, "write reject or stop_oldest"),
    "no bit rate": ("bandwidth: {}", 16, "there is no rate; write session: 8Mbit/s, or key: 100Mbit/s, or both"),
    "bit rates in a list": ("bandwidth: [8Mbit/s]", 16, "a list stands where one plain value is wanted"),
    "bit rate of a tier": ("bandwidth: {tier: 8Mbit/s}", 17, "unknown field tier; known are session, key, shadow"),
    "no volume": (
        "egress_quota: {when_reached: cut}",
        19,
        "the field volumes is missing; its fields are volumes, when",
    ),
    "two volumes of a period": ("egress_quota: [5GB/day, 6GB/day]", 19, "for the same period; keep the lower one"),
    "a volume twice": ("egress_quota: [1000MB/day, 1GB/day]", 32, "1GB/day stands twice in the list; keep one"),
    "volumes used up otherwise": ("egress_quota: {volumes: 1GB/day, when_reached: stop}", 52, "write cut or finish"),
    "viewing for ever": ("max_duration: 366d", 19, "the most is 365d"),
    "viewing in a list": ("max_duration: [1h]", 19, "a list stands where one plain value is wanted"),
    "no pages": ("cors_origins: []", 19, "the list is empty"),
    "pages from anywhere": ('cors_origins: "*"', 19, "a wildcard stands for whole subdomains only, as in https://*"),
    "pages of a hidden origin": ('cors_origins: "null"', 19, "'null' is not an origin; write https://"),
    "pages of null": ("cors_origins: [null]", 20, "null stands where one plain value is wanted"),
    "pages without a scheme": ("cors_origins: www.example.com", 19, "is not an origin; write https://"),
    "pages with a path": ("cors_origins: https://a.example/p", 19, "has more than an origin; write https://a.example"),
    "pages twice": ("cors_origins: ['https://a.example', 'https://a.example/']", 41, "stands twice in the list"),
    "tokens beyond memory": ("token_uses: 100001", 17, "more than can be remembered; the most is 100000"),
    "tokens without a limit": ("token_uses: {}", 17, "the field limit is missing; its fields are limit"),
}


@pytest.mark.parametrize(("line", "column", "words"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(line: str, column: int, words: str) -> None:
    (told,) = mistakes(policy(line))
    assert told.startswith(f"tiers.yaml:3:{column}: "), told
    assert words in told
    assert "; " in told or "as in " in told


@pytest.mark.parametrize(("name", "value"), list(product(SHIPPED, ["", "~", "null"])))
def test_a_policy_without_a_value_is_told(name: str, value: str) -> None:
    (told,) = mistakes(policy(f"{name}: {value}"))
    assert f"{name} has no value; write one, or take the line out" in told


@pytest.mark.parametrize(("name", "value"), list(product(SHIPPED, ["{shadwo: true}", "{shadow: yes}", "{shadow: 1}"])))
def test_a_misspelt_shadow_is_told_for_each_policy(name: str, value: str) -> None:
    told = mistakes(policy(f"{name}: {value}"))
    assert any("did you mean shadow?" in line or "write true or false" in line for line in told)


@pytest.mark.parametrize(
    "line",
    [
        "rate_limit: 1/365d",
        "rate_limit: {rates: [10/1s, 1000000/1m], cost: {auth: 5, api: 10}}",
        "concurrent_streams: {limit: 10000, idle: 5s}",
        "bandwidth: {session: 1kbit/s, key: 999999999Gbit/s}",
        "egress_quota: [1kB/day, 999999999TiB/month]",
        "max_duration: 365d",
        "cors_origins: [http://localhost:3000, 'https://*.example.com']",
        "token_uses: 100000",
    ],
)
def test_the_outermost_values_that_are_right_are_read(line: str) -> None:
    assert mistakes(policy(line)) == []


# -- trees of any shape ------------------------------------------------------------------------------------------------

_FIELDS = ["limit", "window", "rates", "cost", "auth", "api", "allowed", "origins", "kinds", "when_full", "idle"]
_FIELDS += ["session", "key", "volumes", "when_reached", "shadow", "other", "'on'", "017", "1:30"]
_VALUES = sorted({value for _, values in WRONG_UNITS.values() for value in values.split("|") if value[0] != "["})
_VALUES += ["10/60s", "8Mbit/s", "5GB/day", "9TiB/month", "30s", "999999999d", "1", "1000000000000", "true", "false"]
_VALUES += ["hls", "reject", "stop_oldest", "cut", "finish", "'https://a.example'", "'https://*.a.example'", "~", "''"]
scalars = st.sampled_from(_VALUES) | st.text(st.characters(codec="utf-8"), max_size=20).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=5).map(
            lambda entries: "{" + ", ".join(f"{name}: {value}" for name, value in entries.items()) + "}"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(SHIPPED), tree=trees)
def test_any_tree_for_a_policy_is_read_or_refused_with_its_place(name: str, tree: str) -> None:
    text = policy(f"{name}: {tree}")
    told = mistakes(text)
    assert all(line.startswith("tiers.yaml:") and "\n" not in line for line in told)
    if not told:
        tier = compiled(text).tiers["a"]
        assert json.dumps(tier.describe())
        assert all(number >= 0 for named in tier.policies for number in named.allows().values())
