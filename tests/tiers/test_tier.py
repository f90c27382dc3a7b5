from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tornado.ioloop import IOLoop

from gateway.policy import AccessDenied, Call, OutOfCapacity, Problem
from tests.tiers.samples import Telling, request, tier


@dataclass(frozen=True)
class Swallowing:
    """Badly written: what goes wrong while it is held stops at it."""

    async def admit(self, call: Call) -> AsyncIterator[None]:
        try:
            yield
        except (Problem, OSError):
            return


@dataclass(frozen=True)
class YieldingTwice:
    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield
        yield


async def test_policies_are_entered_in_order_and_left_in_reverse(io_loop: IOLoop) -> None:
    diary: list[str] = []
    async with tier(Telling("a", diary), Telling("b", diary)).admit(request()):
        diary.append("request")
    assert diary == ["a in", "b in", "request", "b out", "a out"]


async def test_a_refusal_keeps_later_policies_out_and_lets_earlier_ones_clean_up(io_loop: IOLoop) -> None:
    diary: list[str] = []
    refusal = AccessDenied()
    policies = tier(Telling("a", diary), Telling("b", diary, refuses=refusal), Telling("c", diary))
    with pytest.raises(AccessDenied) as refused:
        async with policies.admit(request()):
            diary.append("request")
    assert refused.value is refusal
    assert diary == ["a in", "b in", "a out"]


async def test_policies_see_what_ended_the_request(io_loop: IOLoop) -> None:
    diary: list[str] = []
    first = Telling("a", diary)
    with pytest.raises(BrokenPipeError):
        async with tier(first, Telling("b", diary)).admit(request()):
            raise BrokenPipeError
    assert diary == ["a in", "b in", "b out", "a out"]
    assert [type(error) for error in first.seen] == [BrokenPipeError]


async def test_policies_clean_up_when_the_request_is_cancelled(io_loop: IOLoop) -> None:
    diary: list[str] = []
    entered = asyncio.Event()

    async def serve() -> None:
        async with tier(Telling("a", diary), Telling("b", diary)).admit(request()):
            entered.set()
            await asyncio.Event().wait()

    serving = asyncio.create_task(serve())
    await entered.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert diary == ["a in", "b in", "b out", "a out"]


async def test_one_policys_broken_clean_up_does_not_spare_the_others_theirs(io_loop: IOLoop) -> None:
    diary: list[str] = []
    breaking = Telling("b", diary, breaks_at_exit=KeyError("lost"))
    with pytest.raises(KeyError) as broken:
        async with tier(Telling("a", diary), breaking).admit(request()):
            pass
    assert diary == ["a in", "b in", "b out", "a out"]
    assert broken.value.__notes__ == ["in policy policy1 of tier standard"]


async def test_a_policys_own_error_is_told_with_the_policy_and_the_tier(io_loop: IOLoop) -> None:
    with pytest.raises(ZeroDivisionError) as broken:
        async with tier(Telling("a", []), Telling("b", [], refuses=ZeroDivisionError())).admit(request()):
            pass
    assert broken.value.__notes__ == ["in policy policy1 of tier standard"]


async def test_neither_a_refusal_nor_the_requests_own_error_is_blamed_on_a_policy(io_loop: IOLoop) -> None:
    refusal, failure = OutOfCapacity(), ConnectionError()
    with pytest.raises(OutOfCapacity):
        async with tier(Telling("a", [], refuses=refusal)).admit(request()):
            pass
    with pytest.raises(ConnectionError):
        async with tier(Telling("a", [])).admit(request()):
            raise failure
    assert not hasattr(refusal, "__notes__")
    assert not hasattr(failure, "__notes__")


async def test_a_policy_cannot_swallow_another_ones_refusal(io_loop: IOLoop) -> None:
    with pytest.raises(AccessDenied):
        async with tier(Swallowing(), Telling("b", [], refuses=AccessDenied())).admit(request()):
            pass


async def test_a_policy_cannot_swallow_a_failed_stream(io_loop: IOLoop) -> None:
    with pytest.raises(BrokenPipeError):
        async with tier(Swallowing()).admit(request()):
            raise BrokenPipeError


async def test_a_policy_that_yields_twice_is_told_with_its_name(io_loop: IOLoop) -> None:
    with pytest.raises(RuntimeError, match="generator didn't stop") as broken:
        async with tier(YieldingTwice()).admit(request()):
            pass
    assert broken.value.__notes__ == ["in policy policy0 of tier standard"]


async def test_every_meter_is_awaited_in_order_with_each_size(io_loop: IOLoop) -> None:
    measured: list[tuple[str, int]] = []

    async def first(size: int) -> None:
        await asyncio.sleep(0)
        measured.append(("first", size))

    async def second(size: int) -> None:
        measured.append(("second", size))

    policies = tier(Telling("a", [], meter=first), Telling("b", []), Telling("c", [], meter=second))
    async with policies.admit(request()) as meter:
        await meter(10)
        await meter(20)
    assert measured == [("first", 10), ("second", 10), ("first", 20), ("second", 20)]


async def test_a_tier_without_meters_lets_every_size_pass(io_loop: IOLoop) -> None:
    async with tier(Telling("a", [])).admit(request()) as meter:
        await asyncio.wait_for(meter(10**9), 5)


async def test_a_meter_that_refuses_ends_the_request_with_its_refusal(io_loop: IOLoop) -> None:
    diary: list[str] = []

    async def full(size: int) -> None:
        raise OutOfCapacity

    with pytest.raises(OutOfCapacity):
        async with tier(Telling("a", diary, meter=full)).admit(request()) as meter:
            await meter(1)
    assert diary == ["a in", "a out"]


async def test_a_meters_own_error_is_told_with_its_policy(io_loop: IOLoop) -> None:
    async def broken(size: int) -> None:
        raise IndexError

    with pytest.raises(IndexError) as error:
        async with tier(Telling("a", [], meter=broken), Telling("b", [], meter=broken)).admit(request()) as meter:
            await meter(1)
    assert error.value.__notes__ == ["in policy policy0 of tier standard"]


async def test_a_policy_without_a_report_tells_its_fields(io_loop: IOLoop) -> None:
    assert await tier(Swallowing()).report(request()) == {"policy0": {}}
