"""Seats of viewing sessions: who has one, how long, and what happens to one more."""

from __future__ import annotations

import asyncio
import http.client
import threading
from pathlib import Path

import pytest

from gateway.policy import AccessDenied, Credential, Meter, Positive, Purpose, Seconds
from policies.concurrent_streams import ConcurrentStreams, TooManyStreams
from tests.policies.conftest import StartGateway
from tests.policies.samples import VIDEO, Asking, Viewer, api, by_token, edit, eventually, played
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service

KEY = Credential.KEY
IDLE = 30
ONE = ConcurrentStreams(Positive(1))
STOPPING = ConcurrentStreams(Positive(1), "stop_oldest")


async def view(asking: Asking, policy: ConcurrentStreams, *of: str | Credential) -> None:
    """One response with a byte in it."""
    async with asking.admit(policy, *of) as meter:
        assert meter
        await meter(1)


async def test_many_connections_of_one_session_have_one_seat(asking: Asking) -> None:
    async with asking.admit(ONE, "a") as first, asking.admit(ONE, "a") as second:
        assert first
        assert second
        await first(1)
        await second(1)
        with pytest.raises(TooManyStreams) as refused:
            await view(asking, ONE, "b")
    assert refused.value.told == {"limit": 1, "open": 1}
    assert refused.value.retry_after == IDLE


async def test_a_seat_is_free_when_its_session_has_been_idle(asking: Asking) -> None:
    await view(asking, ONE, "a")
    asking.clock.go_on(IDLE - 1)
    with pytest.raises(TooManyStreams):
        await view(asking, ONE, "b")
    asking.clock.go_on(2)
    await view(asking, ONE, "b")
    with pytest.raises(TooManyStreams):
        await view(asking, ONE, "a")


async def test_a_response_that_goes_on_holds_its_seat(asking: Asking) -> None:
    async with asking.admit(ONE, "a") as meter:
        assert meter
        for _ in range(20):
            asking.clock.go_on(IDLE / 3 + 1)
            await meter(1000)
            with pytest.raises(TooManyStreams):
                await view(asking, ONE, "b")


async def test_a_response_that_was_stuck_past_its_lease_ends_if_another_has_the_seat(asking: Asking) -> None:
    async with asking.admit(ONE, "a") as stuck:
        assert stuck
        await stuck(1)
        asking.clock.go_on(IDLE + 1)
        await view(asking, ONE, "b")
        with pytest.raises(TooManyStreams):
            await stuck(1)


@pytest.mark.parametrize("ending", [None, OSError(), TooManyStreams("t", "p", 1), AccessDenied()])
async def test_what_has_sent_nothing_leaves_no_seat_behind(asking: Asking, ending: Exception | None) -> None:
    with pytest.raises(type(ending) if ending else ZeroDivisionError):
        async with asking.admit(ONE, "a") as meter:
            assert meter
            await meter(0)  # the head of an answer to HEAD
            if ending:
                raise ending
        raise ZeroDivisionError
    await view(asking, ONE, "b")


@pytest.mark.parametrize("turns", range(8))
async def test_a_client_that_leaves_at_any_turn_of_its_admission_leaves_no_seat_behind(
    asking: Asking, turns: int
) -> None:
    policy = ConcurrentStreams(Positive(1))
    serving = asyncio.create_task(view_nothing(asking, policy))
    for _ in range(turns):
        await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    for _ in range(50):
        await asyncio.sleep(0)
    await view(asking, policy, "another")


async def view_nothing(asking: Asking, policy: ConcurrentStreams) -> None:
    async with asking.admit(policy):
        await asyncio.sleep(HANG)


async def test_what_has_failed_after_its_first_byte_keeps_its_seat(asking: Asking) -> None:
    with pytest.raises(OSError, match="gone"):
        async with asking.admit(ONE, "a") as meter:
            assert meter
            await meter(1)
            raise OSError("gone")
    with pytest.raises(TooManyStreams):
        await view(asking, ONE, "b")


async def test_a_failure_beside_a_response_that_began_earlier_does_not_take_its_seat(asking: Asking) -> None:
    async with asking.admit(ONE, "a") as meter:
        assert meter
        await meter(1)
        with pytest.raises(OSError, match="gone"):
            async with asking.admit(ONE, "a"):
                raise OSError("gone")
        with pytest.raises(TooManyStreams):
            await view(asking, ONE, "b")


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_failure_beside_a_response_that_began_later_does_not_take_its_seat(
    asking: Asking,
    at_once: bool,
) -> None:
    failing, going_on = asking.admit(ONE, "a"), asking.admit(ONE, "a")
    if at_once:
        _, meter = await asyncio.gather(failing.__aenter__(), going_on.__aenter__())
    else:
        await failing.__aenter__()
        asking.clock.go_on(0.001)
        meter = await going_on.__aenter__()
    await _use(meter)
    await failing.__aexit__(OSError, OSError(), None)
    with pytest.raises(TooManyStreams):
        await view(asking, ONE, "b")


async def test_the_newest_stops_the_oldest_which_is_refused_from_then_on(asking: Asking) -> None:
    async with asking.admit(STOPPING, "a") as oldest:
        assert oldest
        await oldest(1)
        await view(asking, STOPPING, "b")
        asking.clock.go_on(IDLE / 3)
        with pytest.raises(AccessDenied, match="stopped this one"):
            await oldest(1)
    for seconds in (0, 60, 7200):
        asking.clock.go_on(seconds)
        with pytest.raises(AccessDenied):
            await view(asking, STOPPING, "a")
    await view(asking, STOPPING, "c")


async def test_what_a_key_itself_views_can_be_viewed_again_later(asking: Asking) -> None:
    await view(asking, STOPPING, "a", KEY)
    await view(asking, STOPPING, "b", KEY)
    with pytest.raises(AccessDenied):
        await view(asking, STOPPING, "a", KEY)
    asking.clock.go_on(IDLE + 1)
    await view(asking, STOPPING, "a", KEY)


async def test_it_is_about_media_alone_and_says_how_many_are_open(asking: Asking) -> None:
    await view(asking, ONE, "a")
    async with asking.admit(ONE, "b", Purpose.ACCOUNT) as nothing:
        assert nothing is None
    told = {"limit": 1, "when_full": "reject", "idle": 30, "open": 1}
    assert await ONE.report(asking.call("b")) == told


async def test_no_chunk_takes_a_slow_client_longer_than_its_lease(asking: Asking) -> None:
    for idle in (5, 30, 86400):
        policy = ConcurrentStreams(Positive(1), idle=Seconds(idle))
        async with asking.admit(policy, f"idle {idle}") as meter:
            largest = getattr(meter, "largest", 0)
            assert 0 < largest / (12 * 1024) <= idle * 2 / 3 + 1
            assert largest <= 256 * 1024
            await _use(meter)
        asking.clock.go_on(idle + 1)


async def _use(meter: Meter | None) -> None:
    assert meter
    await meter(1)


# -- as customers meet it ----------------------------------------------------------------------------------------------


def status(service: Service, path: str, headers: dict[str, str], method: str = "GET") -> int:
    return service.get(path, headers, method).status


def test_a_second_token_is_a_second_session_and_its_grants_share_its_seat(gateway: StartGateway, media: Origin) -> None:
    service = gateway("concurrent_streams: 1")
    key = service.add_key("acme", "standard")
    first, second = by_token(service, key), by_token(service, key)
    children = played(service.get(api(f"{media.url}/v/a.m3u8"), first).body)
    assert [status(service, child, {}) for child in children] == [200, 200]
    reply = service.get(api(f"{media.url}/v/a.m3u8"), second)
    assert (reply.status, reply.headers["Content-Type"]) == (429, "application/problem+json")
    told = reply.json
    assert 1 <= told["retry_after"] <= IDLE
    assert reply.headers["Retry-After"] == str(told["retry_after"])
    assert {
        name: told[name] for name in ("error", "title", "status", "tier", "limit", "open", "violated-policies")
    } == {
        "error": "Too many streams",
        "title": "Too many streams",
        "status": 429,
        "tier": "standard",
        "limit": 1,
        "open": 1,
        "violated-policies": ["concurrent_streams"],
    }
    usage = service.get("/api/usage", second).json["policies"]["concurrent_streams"]
    assert usage == {"limit": 1, "when_full": "reject", "idle": 30, "open": 1}
    assert service.get("/api/tiers").json["tiers"]["standard"]["concurrent_streams"]["limit"] == 1
    counted = 'sluicegate_denials_total{error="Too many streams",policy="concurrent_streams",tier="standard"} 1.0'
    assert counted in service.admin("/metrics").body.decode()


def test_a_key_in_one_players_hands_is_one_session_for_one_presentation(gateway: StartGateway, media: Origin) -> None:
    media.scripts["/w/x.ts"] = answer(VIDEO[:1000])
    service = gateway("concurrent_streams: 2")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    for path in ("/v/seg-1.ts", "/v/seg-2.ts", "/v/long.ts"):
        assert status(service, api(media.url + path), key | {"User-Agent": "one"}) == 200
    assert status(service, api(f"{media.url}/w/x.ts"), key | {"User-Agent": "one"}) == 200
    for agent in ("two", "three", "four"):  # to pretend to be another costs a seat, and gains none
        assert status(service, api(f"{media.url}/v/seg-1.ts"), key | {"User-Agent": agent}) == 429
    assert status(service, api(f"{media.url}/v/seg-1.ts"), key | {"User-Agent": "one"}) == 200


def test_of_sessions_that_begin_at_one_moment_no_more_than_the_limit_get_a_seat(
    gateway: StartGateway, media: Origin
) -> None:
    service = gateway("concurrent_streams: 3")
    key = service.add_key("acme", "standard")
    tokens = [by_token(service, key) for _ in range(8)]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda it=it: statuses.append(status(service, api(f"{media.url}/v/seg-1.ts"), it)))
        for it in tokens
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 3 + [429] * 5


def test_requests_that_get_no_media_take_nobodys_seat(gateway: StartGateway, media: Origin) -> None:
    service = gateway("concurrent_streams: 1")
    key = service.add_key("acme", "standard")
    asked = [
        ("/v/none.ts", "HEAD", 404),
        ("/v/long.ts", "HEAD", 200),
        ("/v/empty.ts", "GET", 200),
        ("/v/gone.ts", "GET", 502),
    ]
    media.scripts["/v/empty.ts"] = answer(b"")
    media.scripts["/v/gone.ts"] = lambda request: setattr(request, "close_connection", True)
    for path, method, told in asked:
        assert status(service, api(media.url + path), by_token(service, key), method) == told
    assert status(service, api("https://elsewhere.example.com/x"), by_token(service, key)) == 403
    assert status(service, api(f"{media.url}/v/seg-1.ts"), by_token(service, key)) == 200


def test_the_head_of_a_manifest_takes_nobodys_seat(gateway: StartGateway, media: Origin) -> None:
    service = gateway("concurrent_streams: 1", "egress_quota: 1MB/day")
    key = service.add_key("acme", "standard")
    zipped = {"Accept-Encoding": "gzip"}
    assert status(service, api(f"{media.url}/v/a.m3u8"), by_token(service, key) | zipped, "HEAD") == 200
    eventually(lambda: opened(service, key) == 0)
    assert service.get("/api/usage", {"X-API-Key": key}).json["policies"]["egress_quota"]["day"]["used"] == 0
    assert '"sent": 0' in service.wait_for_log(r'.*"method": "HEAD".*')[0]


def opened(service: Service, key: str) -> int:
    told = service.get("/api/usage", {"X-API-Key": key}).json
    return int(told["policies"]["concurrent_streams"]["open"])


def test_a_client_that_leaves_before_anything_came_leaves_its_seat(gateway: StartGateway, media: Origin) -> None:
    stuck = threading.Event()
    media.scripts["/v/slow.ts"] = lambda _request: _wait_for(stuck)
    service = gateway("concurrent_streams: 1")
    key = service.add_key("acme", "standard")
    token = by_token(service, key)
    other = by_token(service, key)
    for _ in range(3):
        asked = len(media.asked)
        with pytest.raises(TimeoutError):
            _ask_and_leave(service, api(f"{media.url}/v/slow.ts"), token)
        assert len(media.asked) == asked + 1
    eventually(lambda: status(service, api(f"{media.url}/v/seg-1.ts"), other) == 200)
    assert service.get("/api/usage", other).json["policies"]["concurrent_streams"]["open"] == 1
    stuck.set()


def _wait_for(event: threading.Event) -> None:
    event.wait()


def _ask_and_leave(service: Service, path: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, 0.3)
    try:
        connection.request("GET", path, headers=headers)
        connection.getresponse()
    finally:
        connection.close()


def test_the_newest_cuts_the_oldest_visibly_and_it_is_refused_from_then_on(
    gateway: StartGateway, media: Origin
) -> None:
    service = gateway("concurrent_streams: {limit: 1, when_full: stop_oldest, idle: 5s}")
    key = service.add_key("acme", "standard")
    first, second = by_token(service, key), by_token(service, key)
    oldest = Viewer(service, api(f"{media.url}/v/live.ts"), first)
    assert oldest.read() > 0
    assert status(service, api(f"{media.url}/v/seg-1.ts"), second) == 200
    oldest.read_all()
    assert not oldest.ended_well
    service.wait_for_log('"cut_by": "policy"')
    reply = service.get(api(f"{media.url}/v/seg-1.ts"), first)
    assert (reply.status, reply.json["error"]) == (403, "Access denied")
    assert status(service, api(f"{media.url}/v/seg-1.ts"), second) == 200
    assert status(service, api(f"{media.url}/v/seg-1.ts"), by_token(service, key)) == 200


def test_a_lowered_limit_refuses_newcomers_and_stops_nobody(gateway: StartGateway, media: Origin) -> None:
    service = gateway("concurrent_streams: 2")
    key = service.add_key("acme", "standard")
    tokens = [by_token(service, key) for _ in range(3)]
    running = [Viewer(service, api(f"{media.url}/v/live.ts"), it) for it in tokens[:2]]
    assert all(viewer.read() for viewer in running)
    edit(service, "concurrent_streams: 2", "concurrent_streams: 1")
    assert status(service, api(f"{media.url}/v/seg-1.ts"), tokens[2]) == 429
    assert [status(service, api(f"{media.url}/v/seg-1.ts"), it) for it in tokens[:2]] == [200, 200]
    assert all(viewer.read() for viewer in running)
    edit(service, "concurrent_streams: 1", "concurrent_streams: 3")
    assert status(service, api(f"{media.url}/v/seg-1.ts"), tokens[2]) == 200
    for viewer in running:
        viewer.leave()


FAILING = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Failing:
    async def admit(self, call):
        if call.purpose.value == "media": raise KeyError("at the door")
        yield
"""


def test_a_plugin_that_fails_behind_it_leaves_no_seat_behind(
    gateway: StartGateway, media: Origin, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "failing.py").write_text(FAILING)
    service = gateway("concurrent_streams: 1", "failing: {}", arguments=("--policies", str(tmp_path / "own")))
    key = service.add_key("acme", "standard")
    tokens = [by_token(service, key) for _ in range(2)]
    assert status(service, api(f"{media.url}/v/seg-1.ts"), tokens[0]) == 500
    assert "in policy failing of tier standard" in service.log.read_text()
    edit(service, "    failing: {}\n", "")
    assert status(service, api(f"{media.url}/v/seg-1.ts"), tokens[1]) == 200


def test_in_shadow_it_is_told_to_the_operator_alone(gateway: StartGateway, media: Origin) -> None:
    service = gateway("concurrent_streams: {limit: 1, shadow: true}")
    key = service.add_key("acme", "standard")
    tokens = [by_token(service, key) for _ in range(3)]
    assert [status(service, api(f"{media.url}/v/seg-1.ts"), it) for it in tokens] == [200] * 3
    service.wait_for_log('"shadow": "concurrent_streams: Too many streams"')
    counted = 'shadow_denials_total{error="Too many streams",policy="concurrent_streams",tier="standard"} 2.0'
    assert counted in service.admin("/metrics").body.decode()
