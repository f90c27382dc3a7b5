from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from gateway.origins.pattern import OriginPattern
from gateway.policy import AccessDenied, LimitReached, Purpose
from gateway.tiers import TierFile, compile_tiers, discover
from tests.tiers.samples import REPOSITORY, request


@pytest.fixture
def shipped() -> TierFile:
    return compile_tiers((REPOSITORY / "tiers.yaml").read_bytes(), discover(REPOSITORY / "policies"))


def test_the_shipped_file_has_exactly_three_tiers(shipped: TierFile) -> None:
    assert {name: tier.describe() for name, tier in shipped.tiers.items()} == {
        "public": {"open_key": "public_api_key", "rate_limit": {"limit": 10, "window": 60}, "streaming": False},
        "standard": {"rate_limit": {"limit": 100, "window": 60}, "streaming": True},
        "partner": {"rate_limit": {"limit": 1000, "window": 60}, "streaming": True},
    }


def test_the_shipped_file_opens_one_key_and_two_origins(shipped: TierFile) -> None:
    assert shipped.open_keys == {"public_api_key": "public"}
    names = ("https://*.example.com", "http://127.0.0.1:8090")
    assert shipped.origins == tuple(OriginPattern.parse(name) for name in names)


def test_the_shipped_lifetimes_are_half_an_hour_and_six_hours(shipped: TierFile) -> None:
    assert (shipped.session_lifetime, shipped.playback_lifetime) == (1800, 21600)


async def test_the_public_tier_does_not_stream(io_loop: IOLoop, shipped: TierFile) -> None:
    with pytest.raises(AccessDenied, match="public cannot stream"):
        async with shipped.tiers["public"].admit(request("public")):
            pass


async def test_the_eleventh_request_of_the_public_tier_is_refused(io_loop: IOLoop, shipped: TierFile) -> None:
    call = request("public", Purpose.ACCOUNT)
    for _ in range(10):
        async with shipped.tiers["public"].admit(call):
            pass
    with pytest.raises(LimitReached):
        async with shipped.tiers["public"].admit(call):
            pass


async def test_a_tier_reports_what_is_left(io_loop: IOLoop, shipped: TierFile) -> None:
    call = request("partner")
    async with shipped.tiers["partner"].admit(call):
        told = await shipped.tiers["partner"].report(call)
    assert isinstance(told, dict)
    assert isinstance(left := told["rate_limit"], dict)
    assert (left["limit"], left["window"], left["remaining"]) == (1000, 60, 999)
    assert told["streaming"] is True


def test_an_open_key_is_not_in_what_a_log_would_show_of_a_tier(shipped: TierFile) -> None:
    assert "public_api_key" not in repr(shipped)
