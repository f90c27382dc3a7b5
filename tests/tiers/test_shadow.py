from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tornado.ioloop import IOLoop

from gateway.policy import AccessDenied, Call, OutOfCapacity, Policy, Quota
from gateway.tiers.named import Named
from tests.tiers.samples import Telling, compiled, request, tier


@dataclass(frozen=True)
class Counting:
    async def admit(self, call: Call) -> AsyncIterator[None]:
        call.quotas.append(Quota("counting", 1, 60, 0, 60))
        yield


def shadow(policy: Policy) -> Named:
    return Named("tried", policy, shadow=True)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "sluicegate.shadow")
    return caplog


async def test_a_refusal_in_shadow_is_logged_and_the_request_goes_on(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    file = compiled("tiers: {standard: {rate_limit: {limit: 1, window: 60s, shadow: true}, streaming: true}}")
    call = request()
    for _ in range(2):
        async with file.tiers["standard"].admit(call):
            pass
    told = "shadow: rate_limit of tier standard would have refused key keyid123: Rate limit exceeded"
    assert [(record.name, record.getMessage()) for record in log.records] == [("sluicegate.shadow", told)]


async def test_a_policy_in_shadow_admits_in_silence_what_it_would_admit(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    diary: list[str] = []
    async with tier(shadow(Telling("a", diary))).admit(request()):
        diary.append("request")
    assert diary == ["a in", "request", "a out"]
    assert log.records == []


async def test_nobody_sees_the_quota_of_a_policy_in_shadow(io_loop: IOLoop) -> None:
    call = request()
    async with tier(shadow(Counting())).admit(call):
        assert call.quotas == []
    async with tier(Counting()).admit(call):
        assert [quota.policy for quota in call.quotas] == ["counting"]


async def test_a_policy_in_shadow_that_fails_does_not_fail_the_request(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    entered = False
    failing = [Telling("a", [], refuses=KeyError("x")), Telling("b", [], breaks_at_exit=KeyError("y"))]
    async with tier(*map(shadow, failing)).admit(request()):
        entered = True
    assert entered
    assert [record.levelname for record in log.records] == ["ERROR", "ERROR"]
    assert "in policy tried of tier standard" in log.text


async def test_a_refusal_at_the_end_of_a_policy_in_shadow_is_logged_too(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    async with tier(shadow(Telling("a", [], breaks_at_exit=AccessDenied()))).admit(request()):
        pass
    assert "tried of tier standard would have refused key keyid123: Access denied" in log.text


async def test_what_ends_the_request_passes_through_a_policy_in_shadow(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    tried = Telling("a", [])
    with pytest.raises(OutOfCapacity):
        async with tier(shadow(tried)).admit(request()):
            raise OutOfCapacity
    assert [type(error) for error in tried.seen] == [OutOfCapacity]
    assert log.records == []


async def test_an_enforced_policy_refuses_beside_one_in_shadow(io_loop: IOLoop) -> None:
    diary: list[str] = []
    with pytest.raises(AccessDenied):
        async with tier(shadow(Telling("a", diary)), Telling("b", diary, refuses=AccessDenied())).admit(request()):
            pass
    assert diary == ["a in", "b in", "a out"]


async def test_a_meter_in_shadow_measures_all_and_refuses_nothing(
    io_loop: IOLoop, log: pytest.LogCaptureFixture
) -> None:
    measured: list[int] = []

    async def meter(size: int) -> None:
        await asyncio.sleep(0)
        measured.append(size)
        raise OutOfCapacity

    async with tier(shadow(Telling("a", [], meter=meter))).admit(request()) as all_meters:
        for size in (1, 20, 300):
            await all_meters(size)
    assert sum(measured) == 321
    assert "would have refused key keyid123: Temporarily out of capacity" in log.text


async def test_a_meter_in_shadow_that_never_returns_neither_holds_up_the_stream_nor_its_end(io_loop: IOLoop) -> None:
    diary: list[str] = []
    cancelled = asyncio.Event()

    async def stuck(size: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with tier(shadow(Telling("a", diary, meter=stuck))).admit(request()) as meter:
        await meter(1)
        await asyncio.sleep(0)
        await meter(2)
        assert diary == ["a in"]
    assert diary == ["a in", "a out"]
    assert cancelled.is_set()


async def test_the_plan_table_says_that_a_policy_is_in_shadow(io_loop: IOLoop) -> None:
    plan = compiled("tiers: {a: {rate_limit: {limit: 1, window: 1s, shadow: true}, streaming: true}}").tiers["a"]
    told = {"rate_limit": {"shadow": True, "policy": {"limit": 1, "window": 1}}, "streaming": True}
    assert plan.describe() == told
    assert await plan.report(request()) == told


def test_shadow_false_enforces() -> None:
    assert compiled("tiers: {a: {streaming: {allowed: true, shadow: false}}}").tiers["a"].describe() == {
        "streaming": True
    }
