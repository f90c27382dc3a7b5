"""Where the player reached the gateway, as far as a request tells."""

from __future__ import annotations

import pytest

from handlers.own_address import own_address
from tests.scripted_origin import Origin, answer
from tests.service import Service


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "gw.example"}, "//gw.example"),
        ({"Host": "gw.example:8443"}, "//gw.example:8443"),
        ({"Host": "gw.example:8080"}, "http://gw.example:8080"),
        ({"Host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"Host": "gw.example:8080", "X-Forwarded-Proto": "https"}, "https://gw.example:8080"),
        ({"Host": "gw.example", "X-Forwarded-Proto": "https"}, "https://gw.example"),
        ({"Host": "gw.example:8080", "X-Forwarded-Proto": "ftp"}, "//gw.example:8080"),
        ({"Host": "gw.example/x"}, ""),
        ({}, ""),
    ],
)
def test_the_scheme_is_what_a_proxy_tells_or_http_where_there_is_none(headers: dict[str, str], address: str) -> None:
    assert own_address(headers, 8080) == address


def test_a_licence_server_is_named_with_the_gateways_own_host(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    text = b"<MPD><Period><ContentProtection><Laurl>/lic</Laurl></ContentProtection></Period></MPD>"
    origin.scripts["/m.mpd"] = answer(text, Content_Type="application/dash+xml")
    reply = service.media(f"{origin.url}/m.mpd", token)
    assert f"<Laurl>http://127.0.0.1:{service.port}/play/".encode() in reply.body
    path = reply.body.partition(b"<Laurl>")[2].partition(b"</Laurl>")[0].decode().partition(str(service.port))[2]
    origin.scripts["/lic"] = answer(b"licence", Connection="close")
    assert service.get(path, method="POST").body == b"licence"
