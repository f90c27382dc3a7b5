from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tiers.document import LARGEST
from tests.tiers.samples import REPOSITORY, compiled, mistakes

SHIPPED = (REPOSITORY / "tiers.yaml").read_bytes()


def test_what_is_left_out_has_its_usual_value_and_no_origin_is_allowed() -> None:
    file = compiled("tiers: {a: {streaming: true}}")
    assert (file.origins, file.session_lifetime, file.playback_lifetime) == ((), 1800, 21600)
    assert file.open_keys == {}


def test_lifetimes_are_read_with_their_units() -> None:
    file = compiled("session: {lifetime: 90s}\nplayback: {lifetime: 1d}\ntiers: {a: {streaming: true}}")
    assert (file.session_lifetime, file.playback_lifetime) == (90, 86400)


def test_a_tier_that_does_not_name_streaming_does_not_stream() -> None:
    assert compiled("tiers: {a: {rate_limit: 5/1m}}").tiers["a"].describe() == {
        "rate_limit": {"limit": 5, "window": 60},
        "streaming": False,
    }


def test_the_long_form_means_what_the_short_form_means() -> None:
    long = compiled("tiers: {a: {rate_limit: {limit: 10, window: 1m}, streaming: {allowed: true}}}")
    short = compiled("tiers: {a: {rate_limit: 10/60s, streaming: true}}")
    assert long.tiers["a"].describe() == short.tiers["a"].describe()


@pytest.mark.parametrize(
    ("policy", "one", "listed"),
    [
        ("rate_limit", "10/60s", "[10/60s]"),
        ("rate_limit", "{rates: 10/60s}", "{rates: [10/60s]}"),
        ("egress_quota", "5GB/day", "{volumes: [5GB/day]}"),
        ("cors_origins", "https://a.example.com", '["https://a.example.com"]'),
        ("streaming", "{kinds: hls}", "{kinds: [hls]}"),
    ],
)
def test_a_list_of_one_may_be_written_as_its_item(policy: str, one: str, listed: str) -> None:
    short, long = (compiled(f"tiers: {{a: {{{policy}: {value}}}}}").tiers["a"] for value in (one, listed))
    assert short == long


def test_every_kind_of_field_is_read() -> None:
    written = (
        "{mode: deny, count: 1000000000000, enabled: true, label: 'on', hosts: [a, 017], window: 2h, rate: 5/1m,"
        " pace: 1500kbit/s, volumes: [5GiB/day, 1TB/month], origin: 'https://*.a.example', page: http://localhost:3000,"
        " costs: {a: 1, b: 2}, waits: {1m: 3}}"
    )
    assert compiled(f"tiers: {{a: {{variety: {written}}}}}").tiers["a"].describe() == {
        "variety": {
            "mode": "deny",
            "count": 10**12,
            "enabled": True,
            "label": "on",
            "hosts": ["a", "017"],
            "window": 7200,
            "rate": "5/60s",
            "pace": "1500kbit/s",
            "volumes": ["5GiB/day", "1TB/month"],
            "origin": "https://*.a.example",
            "page": "http://localhost:3000",
            "costs": {"a": 1, "b": 2},
            "waits": {"60": 3},
        },
        "streaming": False,
    }


def test_a_bare_value_fills_the_first_field_of_a_policy_without_a_short_form() -> None:
    (variety, _) = compiled("tiers: {a: {variety: allow}}").tiers["a"].policies
    assert getattr(variety.policy, "mode", None) == "allow"


def test_words_that_yaml_reads_as_switches_and_numbers_stay_text() -> None:
    file = compiled("tiers:\n  a: {streaming: true, open_key: 017}\n  b: {streaming: true, open_key: 1:30}")
    assert file.open_keys == {"017": "a", "1:30": "b"}


def test_a_tier_inherits_in_its_parents_order_overrides_in_place_and_adds_after() -> None:
    file = compiled(
        "tiers:\n"
        "  big: {extends: small, streaming: true, variety: deny, rate_limit: 9/1s}\n"
        "  small: {open_key: try_me, rate_limit: 1/1s, streaming: false}\n"
    )
    assert [named.name for named in file.tiers["big"].policies] == ["rate_limit", "streaming", "variety"]
    told = file.tiers["big"].describe()
    assert isinstance(told, dict)
    assert (told["rate_limit"], told["streaming"]) == ({"limit": 9, "window": 1}, True)
    assert file.open_keys == {"try_me": "small"}
    assert list(file.tiers) == ["big", "small"]


def test_a_tier_that_only_extends_is_not_empty() -> None:
    file = compiled("tiers:\n  a: {rate_limit: 1/1s}\n  b: {extends: a}\n  c: {extends: b}")
    assert file.tiers["c"].policies == file.tiers["a"].policies


def test_tiers_may_extend_each_other_in_a_line_of_thousands() -> None:
    lines = "".join(f"  t{n}: {{extends: t{n + 1}}}\n" for n in range(3000))
    assert len(compiled(f"tiers:\n{lines}  t3000: {{streaming: true}}\n").tiers["t0"].policies) == 1


def test_a_policy_in_shadow_is_inherited_in_shadow() -> None:
    file = compiled("tiers:\n  a: {streaming: {allowed: false, shadow: true}}\n  b: {extends: a}")
    assert [named.shadow for named in file.tiers["b"].policies] == [True]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert list(compiled("\ufefftiers:\r\n  a:\r\n    streaming: true\r\n").tiers) == ["a"]


def test_all_mistakes_are_told_at_once_in_the_files_order() -> None:
    text = (
        "tires: {}\n"
        "origins: [ftp://a.example.com, https://b.example.com]\n"
        "session: {lifetime: 30}\n"
        "tiers:\n"
        "  b:\n"
        "    streaming: yes\n"
        "    streaming: true\n"
        "    rate_limit: {limit: 0, windw: 5s}\n"
        "  Bad:\n"
        "    extends: c\n"
        "    variety: sometimes\n"
        "  a: {}\n"
    )
    told = [line.split(": ", 1) for line in mistakes(text)]
    assert [place for place, _ in told] == [
        f"tiers.yaml:{place}"
        for place in ("1:1", "2:11", "3:21", "6:16", "7:5", "8:25", "8:28", "9:3", "10:14", "11:14", "12:3")
    ]


def test_what_a_parent_has_wrong_is_told_once() -> None:
    text = "tiers:\n  a: {rate_limit: often}\n  b: {extends: a}\n  c: {extends: b}\n"
    assert len(mistakes(text)) == 1


def test_no_mistake_takes_more_than_one_line() -> None:
    (told,) = mistakes("tiers:\n  a:\n    streaming: |\n      one\n      two\n")
    assert "\n" not in told


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    text = b"tiers: {a: {streaming: true}}\n#"
    full = text + b"x" * (LARGEST - len(text))
    assert mistakes(full) == []
    assert mistakes(full + b"x") == [
        f"tiers.yaml:1:1: the file has {LARGEST + 1} bytes; the most that is read is {LARGEST}"
    ]


@given(end=st.integers(0, len(SHIPPED)))
def test_a_file_cut_off_anywhere_is_read_or_refused_with_a_place(end: int) -> None:
    assert all(line.startswith("tiers.yaml:") for line in mistakes(SHIPPED[:end]))


@given(at=st.integers(0, len(SHIPPED) - 1), byte=st.integers(0, 255))
def test_a_file_with_any_byte_changed_is_read_or_refused_with_a_place(at: int, byte: int) -> None:
    changed = SHIPPED[:at] + bytes([byte]) + SHIPPED[at + 1 :]
    assert all(line.startswith("tiers.yaml:") for line in mistakes(changed))
