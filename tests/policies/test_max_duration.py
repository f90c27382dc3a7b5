"""How long one may view: a session from its first media on, or one response to a key."""

from __future__ import annotations

import pytest

from gateway.policy import AccessDenied, Credential, Purpose, Seconds
from policies.max_duration import MaxDuration
from tests.policies.conftest import StartGateway
from tests.policies.samples import VIDEO, Asking, Viewer, api, by_token, edit, eventually, played
from tests.scripted_origin import Origin

TWO_HOURS = MaxDuration(Seconds(7200))


async def view(asking: Asking, *of: str | Credential) -> None:
    async with asking.admit(TWO_HOURS, *of) as meter:
        assert meter
        await meter(1)


async def test_a_session_ends_so_long_after_its_first_media(asking: Asking) -> None:
    await view(asking, "a")
    asking.clock.go_on(7199)
    await view(asking, "a", Credential.GRANT)
    asking.clock.go_on(1)
    for credential in (Credential.SESSION, Credential.GRANT):
        with pytest.raises(AccessDenied, match="standard views for 2h at most; this is over"):
            await view(asking, "a", credential)
    await view(asking, "b")


async def test_a_session_that_is_over_stays_so_while_its_grants_hold(asking: Asking) -> None:
    """The last of them may have been given just before it was over."""
    await view(asking, "a")
    asking.clock.go_on(7200 + asking.call().longest_session - 1)
    with pytest.raises(AccessDenied):
        await view(asking, "a", Credential.GRANT)


async def test_what_is_being_sent_then_is_cut(asking: Asking) -> None:
    await view(asking, "a")
    asking.clock.go_on(7000)
    async with asking.admit(TWO_HOURS, "a") as meter:
        assert meter
        asking.clock.go_on(199)
        await meter(1)
        asking.clock.go_on(1)
        with pytest.raises(AccessDenied):
            await meter(1)


@pytest.mark.parametrize(("session", "credential"), [("a", Credential.KEY), ("key-a", Credential.GRANT)])
async def test_each_response_to_a_key_and_to_a_grant_that_came_of_it_may_take_so_long(
    asking: Asking, session: str, credential: Credential
) -> None:
    for _ in range(3):
        async with asking.admit(TWO_HOURS, session, credential) as meter:
            assert meter
            asking.clock.go_on(7199)
            await meter(1)
            asking.clock.go_on(1)
            with pytest.raises(AccessDenied):
                await meter(1)


async def test_other_requests_neither_begin_a_session_nor_end_with_it(asking: Asking) -> None:
    async with asking.admit(TWO_HOURS, "a", Purpose.ACCOUNT) as meter:
        assert meter is None
    asking.clock.go_on(7200)
    await view(asking, "a")
    asking.clock.go_on(7200)
    async with asking.admit(TWO_HOURS, "a", Purpose.ACCOUNT):
        pass


def test_a_session_is_cut_visibly_and_refused_with_all_its_grants(gateway: StartGateway, media: Origin) -> None:
    service = gateway("max_duration: 2s")
    key = service.add_key("acme", "standard")
    token = by_token(service, key)
    children = played(service.get(api(f"{media.url}/v/a.m3u8"), token).body)
    viewer = Viewer(service, api(f"{media.url}/v/live.ts"), token)
    viewer.read_all()
    assert viewer.received > 0
    assert not viewer.ended_well
    service.wait_for_log('"cut_by": "policy"')
    for path, headers in ((api(f"{media.url}/v/seg-1.ts"), token), (children[0], {})):
        reply = service.get(path, headers)
        assert (reply.status, reply.json["error"]) == (403, "Access denied")
        assert service.get(path, headers, "HEAD").status == 403
    assert service.get("/api/usage", token).json["policies"]["max_duration"] == 2
    fresh = by_token(service, key)
    assert service.get(api(f"{media.url}/v/seg-1.ts"), fresh).body == VIDEO[:1000]


def test_a_running_response_keeps_the_duration_that_it_began_with(gateway: StartGateway, media: Origin) -> None:
    service = gateway("max_duration: 1h")
    token = by_token(service, service.add_key("acme", "standard"))
    viewer = Viewer(service, api(f"{media.url}/v/live.ts"), token)
    assert viewer.read() > 0
    edit(service, "max_duration: 1h", "max_duration: 1s")
    eventually(lambda: service.get(api(f"{media.url}/v/seg-1.ts"), token).status == 403)
    for _ in range(3):
        assert viewer.read() > 0
    viewer.leave()


def test_in_shadow_it_is_told_to_the_operator_alone(gateway: StartGateway, media: Origin) -> None:
    service = gateway("max_duration: {limit: 1s, shadow: true}")
    token = by_token(service, service.add_key("acme", "standard"))
    viewer = Viewer(service, api(f"{media.url}/v/live.ts"), token)
    shadowed = 'sluicegate_shadow_denials_total{error="Access denied",policy="max_duration",tier="standard"} '
    for _ in range(40):
        assert viewer.read() > 0
    viewer.leave()
    eventually(lambda: shadowed in service.admin("/metrics").body.decode())
    assert service.get(api(f"{media.url}/v/seg-1.ts"), token).status == 200
    service.wait_for_log('"shadow": "max_duration: Access denied"')
