"""Bytes of the calendar: not one past the limit, and none that was not sent is charged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from gateway.limits import Counter, Spending
from gateway.policy import Purpose, Volume
from gateway.store.volumes import StoredVolumes
from policies.egress_quota import SLICE, EgressQuota, EgressQuotaExceeded
from tests.policies.conftest import StartGateway
from tests.policies.samples import VIDEO, Asking, Viewer, api, by_token, edit, eventually, played, together
from tests.scripted_origin import Origin, answer
from tests.service import Service

KB = 1000
DAY = 86400


def quota(*volumes: str, when_reached: str = "cut") -> EgressQuota:
    return EgressQuota(tuple(Volume.parse(it) for it in volumes), "finish" if when_reached == "finish" else "cut")


async def used(asking: Asking, policy: EgressQuota, period: str = "day") -> int:
    told = await policy.report(asking.call())
    assert isinstance(told, dict)
    return int(told[period]["used"])


async def send(asking: Asking, policy: EgressQuota, sizes: Sequence[int]) -> int:
    """How many bytes one response may send."""
    sent = 0
    async with asking.admit(policy) as meter:
        assert meter
        for size in sizes:
            try:
                await meter(size)
            except EgressQuotaExceeded:
                return sent
            sent += size
    return sent


@pytest.mark.parametrize("when_reached", ["cut", "finish"])
@pytest.mark.parametrize("sizes", [[], [0], [1], [65536] * 40, [1, 0, 65536, 3], [700] * 3000])
async def test_what_was_sent_is_charged_to_the_byte(asking: Asking, when_reached: str, sizes: list[int]) -> None:
    policy = quota("1GB/day", when_reached=when_reached)
    for times in (1, 2):
        assert await send(asking, policy, sizes) == sum(sizes)
        assert await used(asking, policy) == times * sum(sizes)


async def test_responses_together_send_all_that_is_left_and_not_a_byte_more(asking: Asking) -> None:
    policy = quota("5000kB/day")

    async def many() -> int:
        sent = 0
        while True:
            try:
                more = await send(asking, policy, [1000] * 100)
            except EgressQuotaExceeded:
                return sent
            sent += more

    assert sum(await asyncio.gather(*(many() for _ in range(8)))) == 5000 * KB
    assert await used(asking, policy) == 5000 * KB
    with pytest.raises(EgressQuotaExceeded):
        await send(asking, policy, [1])


async def test_a_response_that_runs_finishes_and_the_next_is_refused(asking: Asking) -> None:
    policy = quota("10kB/day", when_reached="finish")
    assert await send(asking, policy, [SLICE, SLICE, 5]) == 2 * SLICE + 5
    assert await used(asking, policy) == 2 * SLICE + 5
    with pytest.raises(EgressQuotaExceeded):
        await send(asking, policy, [1])
    assert await used(asking, policy) == 2 * SLICE + 5


async def test_of_two_volumes_the_one_that_is_full_longer_is_told(asking: Asking) -> None:
    policy = quota("20kB/day", "30kB/month")
    assert await send(asking, policy, [20 * KB]) == 20 * KB
    with pytest.raises(EgressQuotaExceeded) as daily:
        await send(asking, policy, [1])
    assert daily.value.told == {"limit": 20 * KB, "period": "day"}
    assert 0 < daily.value.retry_after <= DAY
    asking.clock.go_on(DAY)
    assert await send(asking, policy, [10 * KB]) == 10 * KB
    assert await used(asking, policy) == 10 * KB
    assert await used(asking, policy, "month") == 30 * KB
    with pytest.raises(EgressQuotaExceeded) as monthly:
        await send(asking, policy, [1])
    assert monthly.value.told == {"limit": 30 * KB, "period": "month"}
    assert monthly.value.retry_after > DAY
    asking.clock.go_on(31 * DAY)
    assert await send(asking, policy, [5]) == 5
    assert await used(asking, policy, "month") == 5


async def test_a_day_that_begins_in_the_middle_of_a_response_gives_nothing_away(asking: Asking) -> None:
    policy = quota("2MB/day")
    async with asking.admit(policy) as meter:
        assert meter
        await meter(1000)
        asking.clock.go_on(DAY)
    assert await used(asking, policy) == 0


@pytest.mark.parametrize("when_reached", ["cut", "finish"])
@pytest.mark.parametrize("turns", range(8))
async def test_a_request_that_is_cancelled_at_any_turn_is_charged_what_it_was_sent(
    asking: Asking, when_reached: str, turns: int
) -> None:
    policy = quota("1GB/day", when_reached=when_reached)
    sent = 0

    async def serve() -> None:
        nonlocal sent
        async with asking.admit(policy) as meter:
            assert meter
            while True:
                await meter(SLICE)
                sent += SLICE
                await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    for _ in range(turns):
        await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    for _ in range(50):
        await asyncio.sleep(0)
    assert await used(asking, policy) == sent


async def test_a_response_without_the_store_is_not_charged_twice(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real: Callable[..., Awaitable[Spending]] = StoredVolumes.spend

    async def told(it: StoredVolumes, counter: Counter, volumes: tuple[Volume, ...], size: int) -> Spending:
        asked.append(size)
        return await real(it, counter, volumes, size)

    monkeypatch.setattr(StoredVolumes, "spend", told)
    await send(asking, quota("1GB/day"), [10])
    assert asked == [10 - SLICE]


async def test_it_is_about_media_alone(asking: Asking) -> None:
    policy = quota("1kB/day")
    await send(asking, policy, [1000])
    async with asking.admit(policy, Purpose.ACCOUNT) as meter:
        assert meter is None
    assert replace(policy, when_reached="finish").describe() == {"day": 1000, "when_reached": "finish"}


# -- as customers meet it ----------------------------------------------------------------------------------------------


def usage(service: Service, headers: dict[str, str], period: str = "day") -> int:
    return int(service.get("/api/usage", headers).json["policies"]["egress_quota"][period]["used"])


def test_streams_together_receive_what_is_left_and_not_a_byte_more(gateway: StartGateway, media: Origin) -> None:
    service = gateway("egress_quota: 2500kB/day")
    token = by_token(service, service.add_key("acme", "standard"))
    viewers: list[Viewer] = []

    def view(_number: int) -> None:
        viewer = Viewer(service, api(f"{media.url}/v/long.ts"), token)
        if viewer.status == 200:
            viewer.read_all()
            viewers.append(viewer)

    together(6, view)
    received = sum(viewer.received for viewer in viewers)
    eventually(lambda: service.admin("/metrics").body.count(b"sluicegate_running_requests 0.0") == 1)
    assert received <= 2500 * KB
    assert usage(service, token) == received
    assert not all(viewer.ended_well for viewer in viewers)
    assert all(viewer.received == len(VIDEO) for viewer in viewers if viewer.ended_well)
    while (viewer := Viewer(service, api(f"{media.url}/v/seg-1.ts"), token)).status == 200:
        viewer.read_all()
        received += viewer.received
    assert 2499 * KB < received <= 2500 * KB
    assert usage(service, token) == received


def test_a_refusal_says_what_is_used_up_and_when_to_come_back(gateway: StartGateway, media: Origin) -> None:
    service = gateway("egress_quota: [1kB/day, 5GB/month]")
    token = by_token(service, service.add_key("acme", "standard"))
    assert service.get(api(f"{media.url}/v/seg-1.ts"), token).body == VIDEO[:1000]
    reply = service.get(api(f"{media.url}/v/seg-1.ts"), token)
    told = reply.json
    assert (reply.status, reply.headers["Content-Type"]) == (429, "application/problem+json")
    assert 1 <= told["retry_after"] <= DAY
    assert reply.headers["Retry-After"] == str(told["retry_after"])
    assert told["detail"] == "The key has used its 1kB/day; the next day begins in UTC."
    assert told | {"detail": "", "retry_after": 0} == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Egress quota exceeded",
        "status": 429,
        "error": "Egress quota exceeded",
        "detail": "",
        "tier": "standard",
        "limit": 1000,
        "period": "day",
        "retry_after": 0,
        "violated-policies": ["egress_quota"],
    }
    assert service.get(api(f"{media.url}/v/seg-1.ts"), token, "HEAD").status == 429
    report = service.get("/api/usage", token).json["policies"]["egress_quota"]
    assert (report["day"]["used"], report["month"]["used"], report["month"]["limit"]) == (1000, 1000, 5_000_000_000)
    edit(service, "1kB/day", "3kB/day")
    assert service.get(api(f"{media.url}/v/seg-1.ts"), token).status == 200
    assert usage(service, token) == 2000


def test_what_no_media_were_sent_for_costs_nothing(gateway: StartGateway, media: Origin) -> None:
    media.scripts["/v/empty.ts"] = answer(b"")
    media.scripts["/v/kept.ts"] = answer(b"", 304)
    service = gateway("egress_quota: 20kB/day")
    token = by_token(service, service.add_key("acme", "standard"))
    for path in ("/v/long.ts", "/v/a.m3u8", "/v/none.ts", "/v/empty.ts"):
        for _ in range(5):
            service.get(api(media.url + path), token, "HEAD")
    for path in ("/v/empty.ts", "/v/kept.ts"):
        service.get(api(media.url + path), token)
    service.get(api("https://elsewhere.example.com/x"), token)
    assert usage(service, token) == 0


def test_key_token_and_grant_spend_one_volume_and_manifests_count_as_sent(gateway: StartGateway, media: Origin) -> None:
    service = gateway("egress_quota: 1MB/day")
    key = service.add_key("acme", "standard")
    token = by_token(service, key)
    playlist = service.get(api(f"{media.url}/v/a.m3u8"), token).body
    sent = len(playlist)
    sent += len(service.get(played(playlist)[0]).body)
    sent += len(service.get(api(f"{media.url}/v/seg-1.ts"), {"X-API-Key": key}).body)
    assert usage(service, token) == sent
    assert usage(service, by_token(service, service.add_key("acme", "standard"))) == 0


def test_a_client_that_leaves_early_is_charged_what_was_sent_to_it(gateway: StartGateway, media: Origin) -> None:
    service = gateway("egress_quota: 500MB/day")
    token = by_token(service, service.add_key("acme", "standard"))
    viewers = [Viewer(service, api(f"{media.url}/v/live.ts"), token) for _ in range(4)]
    for viewer in viewers:
        viewer.read(), viewer.read()
        viewer.leave()
    eventually(lambda: b"sluicegate_running_requests 0.0" in service.admin("/metrics").body)
    assert 0 < sum(viewer.received for viewer in viewers) <= usage(service, token) < 200 * KB


def test_a_running_response_finishes_and_the_next_is_refused_if_the_tier_says_so(
    gateway: StartGateway, media: Origin
) -> None:
    service = gateway("egress_quota: {volumes: 10kB/day, when_reached: finish}")
    token = by_token(service, service.add_key("acme", "standard"))
    viewer = Viewer(service, api(f"{media.url}/v/long.ts"), token)
    viewer.read_all()
    assert (viewer.received, viewer.ended_well) == (len(VIDEO), True)
    service.wait_for_gauge("running_requests", 0)  # it is charged after its last byte
    assert service.get(api(f"{media.url}/v/seg-1.ts"), token).status == 429
    assert usage(service, token) == len(VIDEO)


def test_in_shadow_it_counts_and_cuts_nothing(gateway: StartGateway, media: Origin) -> None:
    service = gateway("egress_quota: {volumes: 10kB/day, shadow: true}")
    token = by_token(service, service.add_key("acme", "standard"))
    for _ in range(2):
        viewer = Viewer(service, api(f"{media.url}/v/long.ts"), token)
        viewer.read_all()
        assert (viewer.received, viewer.ended_well) == (len(VIDEO), True)
    service.wait_for_log('"shadow": "egress_quota: Egress quota exceeded"')
    counted = 'shadow_denials_total{error="Egress quota exceeded",policy="egress_quota",tier="standard"} '
    assert counted in service.admin("/metrics").body.decode()
