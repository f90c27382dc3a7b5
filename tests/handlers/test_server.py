"""What floods, lies or breaks off before it is a request at all."""

from __future__ import annotations

import pytest

from tests.service import Service, send_raw

MEGABYTE = b"a" * 1_000_000


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /api/usage HTTP/1.1\r\nHost: x\r\nX-Session-Token: " + MEGABYTE + b"\r\n\r\n",
        b"GET /api?token=" + MEGABYTE + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200_000 + b"\r\n",
    ],
)
def test_a_head_that_is_too_large_is_told_so(service: Service, request_head: bytes) -> None:
    reply = send_raw(service.port, request_head)
    assert reply.startswith(b"HTTP/1.1 431 ")
    assert b'"error": "Request header fields too large"' in reply
    assert service.get("/api/health").status == 200


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /api/usage HTTP/1.1\r\nHost: x\r\nX-API-Key: a\x00b\r\n\r\n",
        b"GET /api/us\x00age HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/usage HTTP/1.1\r\nHost: x\r\nX-API-Key: a\r\n b\r\n: c\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST /api/auth HTTP/1.1\r\nHost: x\r\nX-API-Key: public_api_key\r\nContent-Length: 10000000\r\n\r\n",
        b"POST /api/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/usage HTTP/1.1\r\nX-API-Key: public_api_key\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_the_service_lives(service: Service, request_head: bytes) -> None:
    reply = send_raw(service.port, request_head)
    assert reply[9:10] == b"4", reply
    assert service.get("/api/health").status == 200


@pytest.mark.parametrize("token", ["a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "\x80.\x81.\x82", "%00.%00.%00"])
def test_garbage_in_place_of_a_token_gets_the_one_answer(service: Service, token: str) -> None:
    reply = service.get("/api/usage", {"X-Session-Token": token})
    assert (reply.status, reply.json["error"]) == (401, "Invalid or expired session token")
