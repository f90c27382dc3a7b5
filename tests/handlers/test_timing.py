"""What an answer says of its own making, and the trace that it belongs to."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

import pytest

from tests.scripted_origin import Origin, answer
from tests.service import Service

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_every_answer_says_how_long_its_parts_took(service: Service, origin: Origin, token: Mapping[str, str]) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        answer(b"video")(request)

    origin.scripts["/v.ts"] = slow
    media = service.media(f"{origin.url}/v.ts", token)
    parts = dict(re.findall(r"(\w+);dur=([0-9.]+)", media.headers["Server-Timing"]))
    assert 200 <= float(parts["origin"]) < 20_000
    assert 0 < float(parts["gate"]) < 20_000
    for reply in (service.get("/api/health"), service.get("/api/usage"), service.get("/nothing", token)):
        assert re.fullmatch(r"gate;dur=[0-9.]+", reply.headers["Server-Timing"]), reply.status


def test_a_trace_reaches_the_origin_and_the_log(service: Service, origin: Origin, token: Mapping[str, str]) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    origin.scripts["/v.m3u8"] = answer(b"#EXTM3U\n", Content_Type="application/vnd.apple.mpegurl")
    for path in ("/v.ts", "/v.m3u8"):
        origin.asked.clear()
        service.media(origin.url + path, {**token, "traceparent": TRACE, "tracestate": "a=1"})
        asked = {name.lower(): value for name, value in origin.asked[0][2].items()}
        assert (asked["traceparent"], asked["tracestate"]) == (TRACE, "a=1")
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in service.log.read_text()


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "00-1-2-3",
        TRACE.upper(),
        "ff" + TRACE[2:],
        TRACE + "-more",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        "x" * 5000,
    ],
)
def test_a_trace_that_is_none_goes_nowhere(
    service: Service, origin: Origin, token: Mapping[str, str], broken: str
) -> None:
    origin.scripts["/v.ts"] = answer(b"video")
    assert service.media(f"{origin.url}/v.ts", {**token, "traceparent": broken, "tracestate": "a=1"}).status == 200
    assert not {"traceparent", "tracestate"} & {name.lower() for name in origin.asked[0][2]}
