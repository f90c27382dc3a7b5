"""Requests in sliding windows, alone and as customers meet them."""

from __future__ import annotations

import pytest

from gateway.policy import Credential, LimitReached, Positive, Purpose, Rate, Seconds
from policies.rate_limit import RateLimit
from tests.policies.conftest import StartGateway
from tests.policies.samples import Asking, api, edit, together
from tests.scripted_origin import Origin
from tests.service import Reply

KEY, ACCOUNT = Credential.KEY, Purpose.ACCOUNT
TWO = "rate_limit: [3/2s, 5/1h]"


def rates(*written: str) -> RateLimit:
    return RateLimit(tuple(Rate.parse(each) for each in written))


async def test_only_direct_use_of_the_key_counts(asking: Asking) -> None:
    policy = rates("1/60s")
    for credential in (Credential.SESSION, Credential.GRANT, KEY, Credential.GRANT):
        async with asking.admit(policy, credential, ACCOUNT):
            pass
    with pytest.raises(LimitReached) as refused:
        async with asking.admit(policy, KEY, ACCOUNT):
            pass
    assert refused.value.members()["violated-policies"] == ["rate_limit"]
    async with asking.admit(policy, Credential.SESSION, ACCOUNT):
        pass


async def test_usage_counts_nothing(asking: Asking) -> None:
    policy = RateLimit(limit=Positive(5), window=Seconds(60))
    for _ in range(3):
        told = {"limit": 5, "window": 60, "remaining": 5, "reset": 0}
        assert await policy.report(asking.call(credential=KEY)) == told


async def test_each_window_opens_by_itself_and_a_refusal_is_charged_to_none(asking: Asking) -> None:
    policy = rates("2/10s", "3/1m")

    async def ask() -> LimitReached | None:
        try:
            async with asking.admit(policy, KEY, ACCOUNT):
                return None
        except LimitReached as refused:
            return refused

    assert [await ask(), await ask()] == [None, None]
    for _ in range(5):
        asking.clock.go_on(1)
        refused = await ask()
        assert refused is not None
        assert (refused.violated, refused.told) == ("rate_limit-10s", {"limit": 2, "window": 10})
    asking.clock.go_on(6)
    assert await ask() is None  # none of the five was charged to the minute
    refused = await ask()
    assert refused is not None
    assert (refused.violated, refused.retry_after) == ("rate_limit-60s", 49)
    asking.clock.go_on(49)
    assert await ask() is None


async def test_a_route_weighs_what_it_costs_and_what_does_not_fit_is_not_charged(asking: Asking) -> None:
    policy = RateLimit((Rate.parse("5/60s"),), cost={"auth": Positive(4)})
    call = asking.call(credential=KEY)

    async def left() -> object:
        told = await policy.report(call)
        assert isinstance(told, dict)
        return told["remaining"]

    async with asking.admit(policy, KEY, ACCOUNT):
        assert await left() == 4
    auth = type(call)(call.identity, Purpose.SESSION, call.store, route="auth")
    async for _ in policy.admit(auth):
        assert await left() == 0
    with pytest.raises(LimitReached):
        async for _ in policy.admit(auth):
            pass
    assert await left() == 0


def fields(reply: Reply) -> tuple[str, ...]:
    return tuple(part.strip().partition(";t=")[0] for part in reply.headers["RateLimit"].split(","))


def test_every_answer_to_a_key_tells_all_windows_and_a_refusal_names_the_full_one(gateway: StartGateway) -> None:
    service = gateway(TWO)
    key = {"X-API-Key": service.add_key("acme", "standard")}
    replies = [service.get("/api/usage", key) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    for reply in replies:
        assert reply.headers["RateLimit-Policy"] == '"rate_limit-2s";q=3;w=2, "rate_limit-1h";q=5;w=3600'
    assert fields(replies[0]) == ('"rate_limit-2s";r=2', '"rate_limit-1h";r=4')
    assert fields(replies[3]) == ('"rate_limit-2s";r=0', '"rate_limit-1h";r=2')
    refused = replies[3].json
    assert (refused["limit"], refused["window"], refused["violated-policies"]) == (3, 2, ["rate_limit-2s"])
    assert refused["retry_after"] == int(replies[3].headers["Retry-After"]) <= 2
    told = replies[2].json["policies"]["rate_limit"]["windows"]
    assert [(it["limit"], it["remaining"]) for it in told] == [(3, 0), (5, 2)]


def test_the_plan_table_says_what_is_enforced_and_a_token_is_free(gateway: StartGateway) -> None:
    service = gateway("rate_limit: {rates: [50/1s, 60/1h], cost: {auth: 20, usage: 5}}")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    told = service.get("/api/tiers").json["tiers"]["standard"]["rate_limit"]
    assert told == {
        "windows": [{"limit": 50, "window": 1}, {"limit": 60, "window": 3600}],
        "cost": {"auth": 20, "usage": 5},
    }
    token = {"X-Session-Token": service.get("/api/auth", key, "POST").json["token"]}
    for _ in range(5):
        assert service.get("/api/usage", token).headers["RateLimit"] is None
    assert fields(service.get("/api/usage", key))[1] == '"rate_limit-1h";r=35'
    assert fields(service.get("/api/tiers", key))[1] == '"rate_limit-1h";r=34'
    assert service.get("/api/usage", token).json["policies"]["rate_limit"]["windows"][1]["remaining"] == 34


def test_a_reload_that_changes_the_windows_begins_nothing_anew(gateway: StartGateway) -> None:
    service = gateway("rate_limit: [90/1s, 4/1h]")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    for _ in range(3):
        assert service.get("/api/usage", key).status == 200
    edit(service, "[90/1s, 4/1h]", "[4/2h, 80/10m, 9/30m]")
    reply = service.get("/api/usage", key)
    assert fields(reply) == ('"rate_limit-2h";r=0', '"rate_limit-10m";r=76', '"rate_limit-30m";r=5')
    refused = service.get("/api/usage", key)
    assert (refused.status, refused.json["violated-policies"]) == (429, ["rate_limit-2h"])
    edit(service, "[4/2h, 80/10m, 9/30m]", "4/1h")
    refused = service.get("/api/usage", key)
    assert (refused.status, refused.headers["RateLimit-Policy"]) == (429, '"rate_limit";q=4;w=3600')


def test_requests_that_start_at_one_moment_never_pass_a_limit_together(gateway: StartGateway, media: Origin) -> None:
    service = gateway("rate_limit: [10/1h, 100/2h]")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    statuses: list[int] = []
    paths = ("/api/usage", api(f"{media.url}/v/seg-1.ts"), "/api/tiers")
    together(30, lambda number: statuses.append(service.get(paths[number % 3], key).status))
    assert sorted(statuses) == [200] * 10 + [429] * 20


def test_in_shadow_it_is_told_to_the_operator_alone(gateway: StartGateway) -> None:
    service = gateway("rate_limit: {rates: 1/1h, shadow: true}")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    replies = [service.get("/api/usage", key) for _ in range(3)]
    assert [reply.status for reply in replies] == [200] * 3
    assert replies[2].headers["RateLimit"] is None
    service.wait_for_log('"shadow": "rate_limit: Rate limit exceeded"')
    counted = 'sluicegate_shadow_denials_total{error="Rate limit exceeded",policy="rate_limit",tier="standard"} 2.0'
    assert counted in service.admin("/metrics").body.decode()


def test_a_denial_is_counted_under_its_policy(gateway: StartGateway) -> None:
    service = gateway("rate_limit: 1/1h")
    key = {"X-API-Key": service.add_key("acme", "standard")}
    assert [service.get("/api/usage", key).status for _ in range(2)] == [200, 429]
    counted = 'sluicegate_denials_total{error="Rate limit exceeded",policy="rate_limit",tier="standard"} 1.0'
    assert counted in service.admin("/metrics").body.decode()
