"""Failed authentications, answered slower and slower."""

from __future__ import annotations

import pytest

from gateway.identity import Slowdown
from tests.identity.conftest import Clock


def test_failures_are_answered_slower_and_slower_per_address(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    waits = [slowdown.failed("10.0.0.1") for _ in range(12)]
    assert waits[:5] == [0.0] * 5
    assert waits[5:9] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits[9:] == [1.0] * 3
    assert slowdown.failed("10.0.0.2") == 0.0
    clock.now += 61
    assert slowdown.failed("10.0.0.1") == 0.0


def test_an_answer_is_never_held_longer_than_a_second(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    assert max(slowdown.failed("10.0.0.1") for _ in range(5000)) == 1.0


def test_one_ipv6_network_counts_as_one_address(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    waits = [slowdown.failed(f"2001:db8::{n:x}") for n in range(6)]
    assert waits[-1] == pytest.approx(0.1)
    assert slowdown.failed("2001:db8:0:1::1") == 0.0


def test_ipv4_in_ipv6_counts_as_ipv4_and_a_socket_without_address_as_itself(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    for address in ("10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"):
        assert slowdown.failed(address) == 0.0
    assert slowdown.failed("::ffff:10.0.0.1") == pytest.approx(0.1)
    assert slowdown.failed("::ffff:10.0.0.2") == 0.0
    assert slowdown.failed("") == 0.0


def test_the_longest_silent_address_is_forgotten_first(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    for _ in range(6):
        slowdown.failed("192.0.2.1")
        slowdown.failed("192.0.2.2")
    slowdown.failed("192.0.2.1")
    for n in range(9_999):
        slowdown.failed(f"10.{n // 62500}.{n // 250 % 250}.{n % 250}")
    assert slowdown.failed("192.0.2.1") > 0
    assert slowdown.failed("192.0.2.2") == 0.0
