"""Which pages may use a tier's tokens and grants, as browsers tell of them."""

from __future__ import annotations

import pytest

from gateway.policy import AccessDenied, Call, Credential, Identity, Purpose, WebOrigin
from gateway.store.redis_store import embedded_store
from policies.cors_origins import CorsOrigins
from tests.policies.conftest import StartGateway
from tests.policies.samples import VIDEO, api, by_token, edit, played
from tests.scripted_origin import Origin
from tests.service import Service

LINE = "cors_origins: [https://www.example.com, 'https://*.shop.example', 'http://localhost:3000']"
OURS = CorsOrigins(tuple(WebOrigin.parse(it) for it in ("https://www.example.com", "https://*.shop.example")))
CROSS = {"Sec-Fetch-Site": "cross-site"}


async def admitted(page: str, credential: Credential = Credential.SESSION) -> bool:
    identity = Identity(credential, "k", "k", "acme", "standard", "s")
    try:
        async for _ in OURS.admit(Call(identity, Purpose.MEDIA, embedded_store(), page=page)):
            return True
    except AccessDenied:
        pass
    return False


@pytest.mark.parametrize(
    ("page", "may"),
    [
        ("", True),
        ("https://www.example.com", True),
        ("https://www.example.com:443", True),
        ("https://a.shop.example", True),
        ("https://a.b.shop.example", True),
        ("https://shop.example", False),
        ("https://notshop.example", False),
        ("https://www.example.com.evil.example", False),
        ("https://www.example.com@evil.example", False),
        ("https://evil.example/https://www.example.com", False),
        ("http://www.example.com", False),
        ("https://www.example.com:8443", False),
        ("null", False),
        ("file://", False),
        ("https://", False),
        ("https://\x00", False),
        ("https://[::1", False),
        ("x" * 8000, False),
    ],
)
async def test_a_page_may_if_its_origin_is_named(page: str, may: bool) -> None:
    assert await admitted(page) is may
    assert await admitted(page, Credential.GRANT) is may
    assert await admitted(page, Credential.KEY)


@pytest.fixture
def shop(gateway: StartGateway) -> Service:
    return gateway(LINE)


def ask(service: Service, path: str, headers: dict[str, str], method: str = "GET") -> int:
    """The status; whatever it is, the page can read it."""
    reply = service.get(path, headers, method)
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
    assert "Origin" in ", ".join(reply.headers.get_all("Vary") or [])
    return reply.status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"Origin": "https://www.example.com"}, 200),
        ({"Origin": "https://www.example.com"} | CROSS, 200),
        ({"Origin": "http://localhost:3000"} | CROSS, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://evil.example"} | CROSS, 403),
        ({"Origin": "https://evil.example", "Referer": "https://www.example.com/"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "null"} | CROSS, 403),
        ({"Referer": "https://www.example.com/page?x"} | CROSS, 200),
        ({"Referer": "https://evil.example/https://www.example.com/"} | CROSS, 403),
        ({"Referer": "https://evil.example/"}, 403),
        ({"Referer": "https://evil.example/", "Sec-Fetch-Site": "same-site"}, 403),
        (CROSS, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_token_and_grant_serve_pages_that_are_named(
    shop: Service, media: Origin, sent: dict[str, str], status: int
) -> None:
    token = by_token(shop, shop.add_key("acme", "standard"))
    child = played(shop.get(api(f"{media.url}/v/a.m3u8"), token).body)[0]
    asked = len(media.asked)
    assert ask(shop, child, sent) == status
    assert ask(shop, api(f"{media.url}/v/seg-1.ts"), token | sent) == status
    assert ask(shop, "/api/usage", token | sent) == status
    assert ask(shop, child, sent, "HEAD") == status
    assert (len(media.asked) > asked) is (status == 200)


def test_the_gateways_own_page_may(shop: Service, media: Origin) -> None:
    token = by_token(shop, shop.add_key("acme", "standard"))
    for name in ("Origin", "Referer"):
        own = f"http://127.0.0.1:{shop.port}" + ("/page" if name == "Referer" else "")
        assert ask(shop, api(f"{media.url}/v/seg-1.ts"), token | {name: own}) == 200


def test_a_key_is_no_concern_of_it_and_a_preflight_passes(shop: Service, media: Origin) -> None:
    evil = {"Origin": "https://evil.example"} | CROSS
    key = {"X-API-Key": shop.add_key("acme", "standard")}
    assert shop.get(api(f"{media.url}/v/seg-1.ts"), key | evil).body == VIDEO[:1000]
    asking = evil | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-session-token"}
    for path in ("/api", "/play/x/y/z", "/api/usage"):
        reply = shop.get(path, asking, "OPTIONS")
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (204, "*")


def test_the_page_is_told_why_and_the_operator_by_which_policy(shop: Service, media: Origin) -> None:
    token = by_token(shop, shop.add_key("acme", "standard"))
    reply = shop.get(api(f"{media.url}/v/seg-1.ts"), token | {"Origin": "https://evil.example"})
    assert (reply.status, reply.json["error"]) == (403, "Access denied")
    assert reply.json["detail"] == "Pages of https://evil.example cannot use tokens of the tier standard."
    counted = 'sluicegate_denials_total{error="Access denied",policy="cors_origins",tier="standard"} 1.0'
    assert counted in shop.admin("/metrics").body.decode()


def test_in_shadow_it_is_told_to_the_operator_alone(shop: Service, media: Origin) -> None:
    edit(shop, LINE, "cors_origins: {origins: https://www.example.com, shadow: true}")
    token = by_token(shop, shop.add_key("acme", "standard"))
    reply = shop.get(api(f"{media.url}/v/seg-1.ts"), token | {"Origin": "https://evil.example"})
    assert (reply.status, reply.body) == (200, VIDEO[:1000])
    assert "Origin" not in ", ".join(reply.headers.get_all("Vary") or [])
    shop.wait_for_log('"shadow": "cors_origins: Access denied"')
    counted = 'sluicegate_shadow_denials_total{error="Access denied",policy="cors_origins",tier="standard"} 1.0'
    assert counted in shop.admin("/metrics").body.decode()
