"""How many tokens of one key may be alive at once."""

from __future__ import annotations

import pytest

from gateway.policy import Credential, Positive, Purpose
from policies.token_uses import TokenUses, TooManySessions
from tests.policies.conftest import StartGateway
from tests.policies.samples import VIDEO, Asking, api, edit, eventually, together
from tests.scripted_origin import Origin
from tests.service import Service

LIFETIME = 1800
TWO = TokenUses(Positive(2))
MINTING = (Credential.KEY, Purpose.SESSION)


async def mint(asking: Asking) -> None:
    async with asking.admit(TWO, *MINTING):
        pass


async def test_a_token_counts_until_it_expires(asking: Asking) -> None:
    await mint(asking)
    asking.clock.go_on(600)
    await mint(asking)
    with pytest.raises(TooManySessions) as refused:
        await mint(asking)
    assert (refused.value.told, refused.value.retry_after) == ({"limit": 2, "live": 2}, LIFETIME - 600)
    asking.clock.go_on(LIFETIME - 601)
    with pytest.raises(TooManySessions):
        await mint(asking)
    asking.clock.go_on(1)
    await mint(asking)
    with pytest.raises(TooManySessions):
        await mint(asking)


@pytest.mark.parametrize("failure", [KeyError(), TooManySessions("t", "p", 1)])
async def test_what_fails_before_it_is_minted_does_not_count(asking: Asking, failure: Exception) -> None:
    for _ in range(5):
        with pytest.raises(type(failure)):
            async with asking.admit(TWO, *MINTING):
                raise failure
    assert await TWO.report(asking.call()) == {"limit": 2, "live": 0}


async def test_it_is_about_minting_alone(asking: Asking) -> None:
    for purpose in (Purpose.MEDIA, Purpose.ACCOUNT):
        for _ in range(3):
            async with asking.admit(TWO, Credential.KEY, purpose):
                pass
    assert await TWO.report(asking.call()) == {"limit": 2, "live": 0}


def auth(service: Service, key: str) -> int:
    return service.get("/api/auth", {"X-API-Key": key}, "POST").status


def test_one_token_more_is_refused_and_those_that_are_alive_go_on(gateway: StartGateway, media: Origin) -> None:
    service = gateway("token_uses: 2")
    key = service.add_key("acme", "standard")
    tokens = [{"X-Session-Token": service.token(key)} for _ in range(2)]
    reply = service.get("/api/auth", {"X-API-Key": key}, "POST")
    told = reply.json
    assert (reply.status, reply.headers["Retry-After"]) == (429, str(told["retry_after"]))
    assert LIFETIME - 60 <= told["retry_after"] <= LIFETIME
    assert "token" not in told
    assert told | {"retry_after": 0} == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too many sessions",
        "status": 429,
        "error": "Too many sessions",
        "detail": "2 tokens of the key are alive; use one of them, or wait until one expires.",
        "tier": "standard",
        "limit": 2,
        "live": 2,
        "retry_after": 0,
        "violated-policies": ["token_uses"],
    }
    for token in tokens:
        assert service.get(api(f"{media.url}/v/seg-1.ts"), token).body == VIDEO[:1000]
    assert service.get("/api/usage", tokens[0]).json["policies"]["token_uses"] == {"limit": 2, "live": 2}
    assert service.get("/api/tiers").json["tiers"]["standard"]["token_uses"] == 2
    assert auth(service, service.add_key("acme", "standard")) == 200
    counted = 'sluicegate_denials_total{error="Too many sessions",policy="token_uses",tier="standard"} 1.0'
    assert counted in service.admin("/metrics").body.decode()


def test_tokens_that_are_asked_for_at_one_moment_are_no_more_than_the_limit(gateway: StartGateway) -> None:
    service = gateway("token_uses: 3")
    key = service.add_key("acme", "standard")
    statuses: list[int] = []
    together(12, lambda _number: statuses.append(auth(service, key)))
    assert sorted(statuses) == [200] * 3 + [429] * 9


def test_an_old_and_a_new_key_share_the_limit_while_a_rotation_lasts(gateway: StartGateway) -> None:
    service = gateway("token_uses: 2")
    old = service.add_key("acme", "standard")
    assert auth(service, old) == 200
    new = service.key_file().rotate("acme", 60).text
    service.reload()
    assert [auth(service, key) for key in (new, new, old)] == [200, 429, 429]


def test_what_another_policy_refuses_is_no_token(gateway: StartGateway) -> None:
    service = gateway("token_uses: 1", "rate_limit: {limit: 1, window: 1h}")
    key = service.add_key("acme", "standard")
    assert service.get("/api/health", {"X-API-Key": key}).status == 200
    for _ in range(3):
        refused = service.get("/api/auth", {"X-API-Key": key}, "POST")
        assert (refused.status, refused.json["violated-policies"]) == (429, ["rate_limit"])
    edit(service, "limit: 1,", "limit: 9,")
    assert [auth(service, key) for _ in range(2)] == [200, 429]


def test_a_token_that_has_expired_makes_room(gateway: StartGateway) -> None:
    service = gateway("token_uses: 1")
    edit(service, "tiers:", "session: {lifetime: 1s}\ntiers:")
    key = service.add_key("acme", "standard")
    assert [auth(service, key) for _ in range(2)] == [200, 429]
    wait = service.get("/api/auth", {"X-API-Key": key}, "POST").json["retry_after"]
    assert wait == 1
    eventually(lambda: auth(service, key) == 200)


def test_in_shadow_it_is_told_to_the_operator_alone(gateway: StartGateway) -> None:
    service = gateway("token_uses: {limit: 1, shadow: true}")
    key = service.add_key("acme", "standard")
    assert [auth(service, key) for _ in range(3)] == [200] * 3
    service.wait_for_log('"shadow": "token_uses: Too many sessions"')
    counted = 'sluicegate_shadow_denials_total{error="Too many sessions",policy="token_uses",tier="standard"} 2.0'
    assert counted in service.admin("/metrics").body.decode()
