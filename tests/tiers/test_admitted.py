"""What a request is held to once it is admitted: meters asked in pieces, and a word on each resource."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from tornado.ioloop import IOLoop

from gateway.origins.url import MediaUrl
from gateway.policy import AccessDenied, Call, Media, MediaKind, OutOfCapacity
from gateway.tiers.named import Named
from tests.tiers.samples import Telling, request, tier

MEDIA = Media(MediaUrl.parse("https://a.example/v.ts"))


@dataclass
class Piecewise:
    """A meter that is asked about no more than ``largest`` bytes."""

    largest: object

    async def __call__(self, size: int, /) -> None:
        """Let everything pass."""


class Breaking(Piecewise):
    def __init__(self) -> None:
        """Has a largest that fails."""

    @property
    def largest(self) -> int:  # type: ignore[override]
        return int("much")


@dataclass(frozen=True)
class Judging:
    """Has a word on each resource: what ``says`` raises or returns."""

    says: object = None
    seen: list[Media] = field(default_factory=list)

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield

    def judge(self, call: Call, media: Media) -> object:
        self.seen.append(media)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@dataclass(frozen=True)
class JudgingLater:
    """Badly written: its verdict would come when nobody waits for it."""

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield

    async def judge(self, call: Call, media: Media) -> None:
        raise AccessDenied


async def test_meters_are_asked_about_the_smallest_pieces_that_one_of_them_wants(io_loop: IOLoop) -> None:
    meters = [Telling("a", [], meter=Piecewise(size)) for size in (500, 20, 3000)]
    async with tier(*meters, Telling("b", [])).admit(request()) as admitted:
        assert admitted.largest == 20
    async with tier(Telling("b", [])).admit(request()) as admitted:
        assert admitted.largest == sys.maxsize


@pytest.mark.parametrize("largest", [0, -1, 2.5, float("nan"), "20", None])
async def test_pieces_of_no_size_fail_with_the_policys_name(io_loop: IOLoop, largest: object) -> None:
    async with tier(Telling("a", [], meter=Piecewise(largest))).admit(request()) as admitted:
        with pytest.raises(ValueError, match="it must be a whole number above zero") as wrong:
            assert admitted.largest
    assert wrong.value.__notes__ == ["in policy policy0 of tier standard"]


async def test_a_size_that_cannot_be_told_fails_with_the_policys_name(io_loop: IOLoop) -> None:
    async with tier(Telling("a", [], meter=Breaking())).admit(request()) as admitted:
        with pytest.raises(ValueError, match="invalid literal") as wrong:
            assert admitted.largest
    assert wrong.value.__notes__ == ["in policy policy0 of tier standard"]


async def test_a_meter_in_shadow_does_not_cut_what_is_sent_into_pieces(io_loop: IOLoop) -> None:
    for meter in (Piecewise(1), Piecewise(0), Breaking()):
        async with tier(Named("a", Telling("a", [], meter=meter), shadow=True)).admit(request()) as admitted:
            assert admitted.largest == sys.maxsize
            await admitted(10)


async def test_each_policy_that_judges_is_asked_in_order_until_one_refuses(io_loop: IOLoop) -> None:
    first, last = Judging(), Judging()
    refusal = AccessDenied()
    async with tier(first, Telling("a", []), Judging(refusal), last).admit(request()) as admitted:
        with pytest.raises(AccessDenied) as refused:
            admitted.judge(MEDIA)
    assert refused.value is refusal
    assert refusal.policy == "policy2"
    assert (first.seen, last.seen) == ([MEDIA], [])


async def test_a_judge_that_fails_is_told_with_its_policy(io_loop: IOLoop) -> None:
    async with tier(Judging(KeyError("lost"))).admit(request()) as admitted:
        with pytest.raises(KeyError) as broken:
            admitted.judge(MEDIA)
    assert broken.value.__notes__ == ["in policy policy0 of tier standard"]


@pytest.mark.filterwarnings("ignore:coroutine 'JudgingLater.judge' was never awaited")
@pytest.mark.parametrize("policy", [Judging(False), Judging(True), Judging("no"), JudgingLater()])
async def test_a_verdict_that_is_returned_lets_nothing_pass(io_loop: IOLoop, policy: Judging | JudgingLater) -> None:
    async with tier(policy).admit(request()) as admitted:
        with pytest.raises(TypeError, match="it must be a plain method that raises"):
            admitted.judge(MEDIA)


async def test_a_judge_in_shadow_is_logged_and_lets_everything_pass(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sluicegate.shadow")
    call = request()
    policies = [
        Named("first", Judging(OutOfCapacity()), shadow=True),
        Named("second", Judging(KeyError()), shadow=True),
    ]
    async with tier(*policies).admit(call) as admitted:
        admitted.judge(MEDIA)
        admitted.judge(Media(MEDIA.url, MediaKind.VIDEO))
    assert [(it.policy, it.error) for it in call.shadowed] == [("first", "Temporarily out of capacity")] * 2
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"] * 2
    assert "in policy" not in caplog.records[0].getMessage()


async def test_a_refusal_is_told_with_the_policy_that_gave_it_wherever_it_did(io_loop: IOLoop) -> None:
    async def full(size: int) -> None:
        raise OutOfCapacity

    for refusing in (Telling("a", [], refuses=AccessDenied()), Telling("a", [], breaks_at_exit=AccessDenied())):
        with pytest.raises(AccessDenied) as refused:
            async with tier(Telling("b", []), refusing).admit(request()):
                pass
        assert refused.value.policy == "policy1"
    with pytest.raises(OutOfCapacity) as metered:
        async with tier(Telling("b", []), Telling("a", [], meter=full)).admit(request()) as admitted:
            await admitted(1)
    assert metered.value.policy == "policy1"


async def test_what_the_origin_did_is_no_policys_refusal(io_loop: IOLoop) -> None:
    problem = OutOfCapacity()
    with pytest.raises(OutOfCapacity):
        async with tier(Telling("a", []), Named("b", Telling("b", []), shadow=True)).admit(request()):
            raise problem
    assert problem.policy == ""


async def test_a_cancelled_meter_lets_all_policies_clean_up(io_loop: IOLoop) -> None:
    diary: list[str] = []
    waiting = asyncio.Event()

    async def stuck(size: int) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def serve() -> None:
        async with tier(Telling("a", diary), Telling("b", diary, meter=stuck)).admit(request()) as admitted:
            await admitted(1)

    serving = asyncio.create_task(serve())
    await waiting.wait()
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert diary == ["a in", "b in", "b out", "a out"]


@dataclass(frozen=True)
class Unreportable:
    made: int = field(init=False, default=0)
    limit: int = 3

    async def admit(self, call: Call) -> AsyncIterator[None]:
        yield

    async def report(self, call: Call) -> dict[str, int]:
        return {"left": 1 // self.made}


async def test_a_report_that_fails_is_told_with_its_policy(io_loop: IOLoop) -> None:
    with pytest.raises(ZeroDivisionError) as broken:
        await tier(Unreportable()).report(request())
    assert broken.value.__notes__ == ["in policy policy0 of tier standard"]


def test_the_plan_table_tells_the_options_and_no_more() -> None:
    assert tier(Unreportable()).describe() == {"policy0": {"limit": 3}}
