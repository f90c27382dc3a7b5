"""A steady pace for each session and for the key, and what it does not slow down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.policy import Bitrate, Credential, Lane, Meter, Purpose
from policies import bandwidth
from policies.bandwidth import LARGEST, Bandwidth
from tests.policies.conftest import StartGateway
from tests.policies.samples import Asking, Clock, Viewer, api, by_token, played, together
from tests.scripted_origin import Origin, answer
from tests.service import Service

MBIT = 10**6 // 8
"""Bytes."""


def pace(session: str = "", key: str = "") -> Bandwidth:
    return Bandwidth(Bitrate.parse(session) if session else None, Bitrate.parse(key) if key else None)


class Sleeping:
    """Takes the place of the policy's asyncio: who sleeps is woken by the clock that is set, in the order of time."""

    ensure_future = staticmethod(asyncio.ensure_future)
    shield = staticmethod(asyncio.shield)
    CancelledError = asyncio.CancelledError

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds <= 0:
            return
        waking = asyncio.get_running_loop().create_future()
        self._sleeping.append((self._clock.now + seconds, len(self.slept), waking))
        await waking

    async def run(self, work: Sequence[asyncio.Task[None]]) -> None:
        """Let time pass until all is done."""
        while not all(task.done() for task in work):
            for _ in range(20):
                await asyncio.sleep(0)
            if self._sleeping:
                first = min(self._sleeping)
                self._sleeping.remove(first)
                self._clock.now = max(self._clock.now, first[0])
                first[2].set_result(None)
        for task in work:
            await task


@pytest.fixture
def sleeping(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> Sleeping:
    instead = Sleeping(asking.clock)
    monkeypatch.setattr(bandwidth, "asyncio", instead)
    return instead


async def stream(asking: Asking, policy: Bandwidth, session: str, total: int, chunk: int = 16384) -> None:
    async with asking.admit(policy, session) as meter:
        assert meter
        largest = largest_of(meter)
        while total:
            size = min(total, chunk, largest)
            await meter(size)
            total -= size


def largest_of(meter: Meter) -> int:
    return int(getattr(meter, "largest", 0))


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize("chunk", [1000, 16384, 10**9])
async def test_streams_of_a_session_share_its_rate(
    asking: Asking, sleeping: Sleeping, streams: int, chunk: int
) -> None:
    began = asking.clock.now
    each = 10 * MBIT // streams
    work = [asyncio.create_task(stream(asking, pace("8Mbit/s"), "s", each, chunk)) for _ in range(streams)]
    await sleeping.run(work)
    # 1.25 MB at 1 MB/s: what was taken ahead in vain may cost a tenth, and the first slice comes at once.
    assert 1.25 * 0.8 <= asking.clock.now - began <= 1.25 * 1.2


async def test_sessions_have_a_rate_each_and_share_the_keys(asking: Asking, sleeping: Sleeping) -> None:
    began = asking.clock.now
    policy = pace("8Mbit/s", "16Mbit/s")
    work = [asyncio.create_task(stream(asking, policy, f"s{n}", 5 * MBIT)) for n in range(8)]
    await sleeping.run(work)
    assert 2.5 * 0.8 <= asking.clock.now - began <= 2.5 * 1.25


async def test_many_short_responses_are_not_charged_what_they_did_not_send(asking: Asking, sleeping: Sleeping) -> None:
    began = asking.clock.now
    for _ in range(100):
        await sleeping.run([asyncio.create_task(stream(asking, pace("8Mbit/s", "100Mbit/s"), "s", 1000))])
    assert asking.clock.now - began <= 0.11  # 100 kB, at 1 MB/s


async def test_nothing_is_saved_up_while_a_session_is_idle(asking: Asking, sleeping: Sleeping) -> None:
    await sleeping.run([asyncio.create_task(stream(asking, pace("8Mbit/s"), "s", 1000))])
    asking.clock.go_on(3600)
    began = asking.clock.now
    await sleeping.run([asyncio.create_task(stream(asking, pace("8Mbit/s"), "s", 3 * 10**6))])
    assert 2.7 <= asking.clock.now - began <= 3.6


async def test_a_slow_stream_waits_no_longer_for_a_chunk_than_the_chunk_is_worth(
    asking: Asking, sleeping: Sleeping
) -> None:
    await sleeping.run([asyncio.create_task(stream(asking, pace("100kbit/s"), "s", 10**6))])
    assert max(sleeping.slept) <= 0.45
    assert sleeping.slept[0] == 0


@pytest.mark.parametrize("turns", [1, 3, 50])
async def test_those_who_left_before_their_turn_hold_up_nobody(asking: Asking, turns: int) -> None:
    policy = pace(session="8Mbit/s", key="80kbit/s")
    leaving = [asyncio.create_task(stream(asking, policy, f"s{number}", 2000)) for number in range(100)]
    for _ in range(turns):
        await asyncio.sleep(0)
    for each in leaving:
        each.cancel()
    await asyncio.wait(leaving)
    for _ in range(50):
        await asyncio.sleep(0)
    lane = Lane("", Bitrate(80_000))
    assert await asking.store.pacing.wait(asking.call().counter("bandwidth"), (lane,), 0) <= 0.2


async def test_a_stream_asks_the_store_less_often_than_it_sends(asking: Asking, sleeping: Sleeping) -> None:
    await sleeping.run([asyncio.create_task(stream(asking, pace("8Mbit/s"), "s", 4 * 10**6))])
    assert len(sleeping.slept) < 4 * 10**6 / 16384 / 3


@pytest.mark.parametrize(
    ("policy", "largest"),
    [
        (pace("1kbit/s"), 25),
        (pace("8Mbit/s"), 200_000),
        (pace("8Mbit/s", "4Mbit/s"), 100_000),
        (pace(key="999999999Gbit/s"), LARGEST),
    ],
)
async def test_a_chunk_is_a_fifth_of_a_second_at_most(asking: Asking, policy: Bandwidth, largest: int) -> None:
    async with asking.admit(policy) as meter:
        assert meter
        assert largest_of(meter) == largest
        await meter(0)


async def test_it_is_about_media_alone(asking: Asking) -> None:
    for credential in Credential:
        async with asking.admit(pace("1kbit/s"), credential, Purpose.ACCOUNT) as meter:
            assert meter is None


async def test_a_lane_is_shared_by_a_token_and_its_grants(asking: Asking) -> None:
    taken: list[tuple[Lane, ...]] = []
    for credential in (Credential.SESSION, Credential.GRANT):
        async with asking.admit(pace("8Mbit/s", "80Mbit/s"), "one", credential) as meter:
            assert meter
            taken.append(meter._lanes)  # type: ignore[attr-defined]
    assert len(set(taken)) == 1
    assert [lane.name for lane in taken[0]] == ["one", ""]


# -- as customers meet it ----------------------------------------------------------------------------------------------


def seconds_for(service: Service, path: str, headers: dict[str, str], streams: int) -> float:
    viewers: list[Viewer] = []

    def view(_number: int) -> None:
        viewer = Viewer(service, path, headers)
        viewer.read_all()
        viewers.append(viewer)

    began = time.monotonic()
    together(streams, view)
    assert all(viewer.ended_well for viewer in viewers)
    return time.monotonic() - began


@pytest.mark.parametrize("streams", [1, 4])
def test_one_stream_and_four_take_as_long_for_the_same_bytes(
    gateway: StartGateway, media: Origin, streams: int
) -> None:
    media.scripts["/v/part.ts"] = answer(b"x" * (2_000_000 // streams), Content_Type="video/mp2t")
    service = gateway("bandwidth: 8Mbit/s")
    token = by_token(service, service.add_key("acme", "standard"))
    assert 1.4 <= seconds_for(service, api(f"{media.url}/v/part.ts"), token, streams) <= 3.5


def test_the_keys_rate_holds_over_its_tokens_and_itself(gateway: StartGateway, media: Origin) -> None:
    media.scripts["/v/part.ts"] = answer(b"x" * 500_000, Content_Type="video/mp2t")
    service = gateway("bandwidth: {key: 8Mbit/s}")
    key = service.add_key("acme", "standard")
    shown = [by_token(service, key), by_token(service, key), {"X-API-Key": key}, {"X-API-Key": key, "User-Agent": "b"}]
    began = time.monotonic()
    together(4, lambda number: Viewer(service, api(f"{media.url}/v/part.ts"), shown[number]).read_all())
    assert 1.4 <= time.monotonic() - began <= 3.5


def test_the_first_byte_and_small_manifests_are_not_late(gateway: StartGateway, media: Origin) -> None:
    service = gateway("bandwidth: 800kbit/s")
    token = by_token(service, service.add_key("acme", "standard"))
    began = time.monotonic()
    for _ in range(20):
        playlist = service.get(api(f"{media.url}/v/a.m3u8"), token).body
    assert len(playlist) < 2000
    viewer = Viewer(service, played(playlist)[0].replace("seg-1", "long"), {})
    assert viewer.read() > 0
    assert time.monotonic() - began < 2
    viewer.leave()


def test_a_slow_rate_is_not_taken_for_a_stalled_origin(gateway: StartGateway, media: Origin) -> None:
    service = gateway("bandwidth: 100kbit/s")
    token = by_token(service, service.add_key("acme", "standard"))
    viewer = Viewer(service, api(f"{media.url}/v/long.ts"), token)
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        assert viewer.read(4096) > 0
    assert 40_000 <= viewer.received <= 100_000
    viewer.leave()


async def test_in_shadow_there_is_no_pace_to_wait_for_at_the_end(asking: Asking) -> None:
    call = replace(asking.call(), in_shadow=True)
    async with asynccontextmanager(pace(session="8kbit/s").admit)(call) as meter:
        assert meter is None


def test_in_shadow_it_slows_nobody(gateway: StartGateway, media: Origin) -> None:
    service = gateway("bandwidth: {session: 100kbit/s, shadow: true}")
    token = by_token(service, service.add_key("acme", "standard"))
    assert seconds_for(service, api(f"{media.url}/v/long.ts"), token, 2) < 5
