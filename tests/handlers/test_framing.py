"""An origin that is wrong about where its bodies end: nobody is given what belongs to no answer, or to another's."""

from __future__ import annotations

import http.client
import random
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service

BODY = random.Random(6).randbytes(50_000)
POISON = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nContent-Length: 6\r\n\r\npoison"


def test_what_comes_after_a_body_is_not_the_next_answer(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    def too_much(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "3"})
        request.wfile.write(b"abc" + POISON)

    origin.scripts |= {"/much.ts": too_much, "/v.ts": answer(BODY)}
    for _ in range(3):
        assert service.media(f"{origin.url}/much.ts", token).body == b"abc"
        assert service.media(f"{origin.url}/v.ts", token).body == BODY


def test_what_comes_while_a_connection_is_idle_is_not_the_next_answer(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    whole, come = threading.Event(), threading.Event()

    def and_later(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": "3"})
        request.wfile.write(b"abc")
        assert whole.wait(HANG)
        request.wfile.write(POISON)
        come.set()

    origin.scripts |= {"/late.ts": and_later, "/v.ts": answer(BODY)}
    assert service.media(f"{origin.url}/late.ts", token).body == b"abc"
    whole.set()
    assert come.wait(HANG)
    assert service.media(f"{origin.url}/v.ts", token).body == BODY


def test_sound_answers_share_a_connection(service: Service, origin: Origin, token: dict[str, str]) -> None:
    ports: list[int] = []

    def script(request: BaseHTTPRequestHandler) -> None:
        ports.append(request.client_address[1])
        answer(BODY)(request)

    origin.scripts["/v.ts"] = script
    for _ in range(3):
        assert service.media(f"{origin.url}/v.ts", token).body == BODY
    assert len({*ports}) == 1


MISFRAMED = {
    "no size": b"zz\r\n%s\r\n" % BODY[1000:1500],
    "too large for anything": b"%s\r\n%s\r\n" % (b"f" * 24, BODY[1000:1500]),
    "less than the chunk": b"%x\r\n%s\r\n" % (400, BODY[1000:1500]),
    "more than the chunk": b"%x\r\n%s\r\n" % (600, BODY[1000:1500]),
}


@pytest.mark.parametrize("chunk", MISFRAMED.values(), ids=MISFRAMED)
def test_after_a_chunk_that_is_not_what_it_says_no_rest_is_put(
    service: Service, origin: Origin, token: dict[str, str], chunk: bytes
) -> None:
    def script(request: BaseHTTPRequestHandler) -> None:
        if "Range" in request.headers:  # it could give the rest, but of what?
            first = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
            fields = {"ETag": '"a"', "Content-Range": f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"}
            answer(BODY[first:], 206, **fields)(request)
            return
        request.close_connection = True
        send_head(request, 200, {"ETag": '"a"', "Transfer-Encoding": "chunked"})
        request.wfile.write(b"3e8\r\n%s\r\n" % BODY[:1000] + chunk)
        request.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY) - 1500, BODY[1500:]))

    origin.scripts["/v.ts"] = script
    with pytest.raises(http.client.IncompleteRead):
        service.media(f"{origin.url}/v.ts", token)
    assert len(origin.asked) == 1
