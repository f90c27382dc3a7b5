"""Where the gateway may go: by the URL, and by the address."""

from __future__ import annotations

import ipaddress

import pytest
from tornado.ioloop import IOLoop

from gateway.origins.address import refusal
from gateway.origins.client import OriginClient
from gateway.origins.fetcher import Fetcher
from gateway.origins.guard import Guard
from gateway.origins.pattern import OriginPattern
from gateway.origins.url import MediaUrl
from gateway.problem import AddressNotPublic, InvalidUrl, OriginNotAllowed, OwnAddress
from tests.scripted_origin import Origin, answer


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd12::1",
        "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused_with_a_reason(address: str) -> None:
    assert refusal(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"])
def test_a_public_address_is_not(address: str) -> None:
    assert refusal(ipaddress.ip_address(address)) is None


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("https://media.example.com", "https://media.example.com/a?b", True),
        ("https://media.example.com", "https://MEDIA.example.com:443/a", True),
        ("https://media.example.com", "http://media.example.com/a", False),
        ("https://media.example.com", "https://media.example.com:8443/a", False),
        ("https://media.example.com:8443", "https://media.example.com:8443/a", True),
        ("https://*.example.com", "https://a.example.com/", True),
        ("https://*.example.com", "https://a.b.example.com/", True),
        ("https://*.example.com", "https://example.com/", False),
        ("https://*.example.com", "https://aexample.com/", False),
        ("https://*.example.com", "https://a.example.com.evil.org/", False),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090/", True),
        ("http://[::1]:8090", "http://[::1]:8090/", True),
    ],
)
def test_a_pattern_matches_scheme_host_and_port(pattern: str, url: str, matches: bool) -> None:
    assert OriginPattern.parse(pattern).matches(MediaUrl.parse(url)) is matches


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("media.example.com", "absolute"),
        ("ftp://a.example.com", "use http or https"),
        ("https://media.example.com/path", "write https://media.example.com"),
        ("https://media.example.com?x", "write https://media.example.com"),
        ("https://*", "whole subdomains"),
        ("https://*.com", "whole subdomains"),
        ("https://a.*.example.com", "whole subdomains"),
        ("https://*x.example.com", "whole subdomains"),
        ("*", "whole subdomains"),
        ("http://localhost:8090", "127.0.0.1"),
        ("http://*.0.0.1", "cannot stand before an address|not an origin"),
        ("https://user@media.example.com", "no user name"),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_what_would_be_right(pattern: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        OriginPattern.parse(pattern)


@pytest.mark.parametrize(
    "written", ["https://a.example.com/%zz", "https://a.example.com/a b", "https://a.example.com/é#f"]
)
def test_a_url_is_read_as_a_browser_would(written: str) -> None:
    url = MediaUrl.parse(written)
    assert url.origin == "https://a.example.com"
    assert "#" not in url.href
    assert url.href.isascii()
    assert " " not in url.href


def test_a_reference_resolves_against_a_url() -> None:
    url = MediaUrl.parse("https://a.example.com/x/y?z")
    assert url.join("../q?r#s").href == "https://a.example.com/q?r"
    assert (url.directory, url.authority) == ("/x/", "a.example.com")
    for wrong in ("file:///etc/passwd", "https://user@x/"):
        with pytest.raises(InvalidUrl):
            url.join(wrong)


def test_a_listener_on_every_address_is_known_as_the_gateway_itself() -> None:
    origins = [OriginPattern.parse("http://127.0.0.1:8080"), OriginPattern.parse("http://127.0.0.1:8081")]
    guard = Guard(origins, frozenset({("0.0.0.0", 8080)}))
    with pytest.raises(OwnAddress):
        guard.judge(MediaUrl.parse("http://127.0.0.1:8080/"))
    assert guard.judge(MediaUrl.parse("http://127.0.0.1:8081/"))


@pytest.mark.parametrize("host", ["localhost", "media.localhost"])
async def test_a_name_that_leads_to_a_private_address_is_refused_before_it_is_connected_to(
    io_loop: IOLoop, origin: Origin, host: str
) -> None:
    origin.scripts["/"] = answer(b"private")
    port = int(origin.url.rpartition(":")[2])
    guard = Guard([OriginPattern("http", host, port, subdomains=False)])  # no file could say so
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    with pytest.raises(AddressNotPublic, match=r"not public: (loopback|IPv4-compatible)"):
        async with client.open(MediaUrl.parse(f"http://{host}:{port}/"), "GET", {}, guard):
            pass
    assert origin.asked == []
    client.close()


async def test_a_connection_is_used_again_and_judged_again(io_loop: IOLoop, origin: Origin) -> None:
    origin.scripts["/"] = answer(b"public")
    url = MediaUrl.parse(origin.url + "/")
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    for guard in (Guard([OriginPattern.parse(origin.url)]), Guard([])):
        if guard.origins:
            async with client.open(url, "GET", {}, guard) as found:
                assert await found.body.read() == b"public"
        else:
            with pytest.raises(OriginNotAllowed):
                async with client.open(url, "GET", {}, guard):
                    pass
    assert len(origin.asked) == 1
    client.close()


async def test_the_environments_proxy_is_not_used(
    io_loop: IOLoop, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.scripts["/"] = answer(b"direct")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    guard = Guard([OriginPattern.parse(origin.url)])
    async with client.open(MediaUrl.parse(origin.url + "/"), "GET", {}, guard) as found:
        assert await found.body.read() == b"direct"
    client.close()


def test_leave_that_is_remembered_is_for_one_origin_and_forgotten_in_time() -> None:
    guard = Guard([OriginPattern.parse("https://*.example.com")])
    for number in range(3000):
        guard.judge(MediaUrl.parse(f"https://a{number}.example.com/v.ts"))
    assert 0 < len(guard._given) <= 1024
    for other in ("http://a2999.example.com/", "https://a2999.example.com:444/", "https://a2999.example.org/"):
        with pytest.raises(OriginNotAllowed):
            guard.judge(MediaUrl.parse(other))
