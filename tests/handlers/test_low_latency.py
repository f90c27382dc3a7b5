"""Blocking reload and delta updates of low-latency HLS: the origin is asked what a player asks, and may hold it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler

from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service

HLS = "application/vnd.apple.mpegurl"
HELD = 6
"""Seconds that the origin holds a request: longer than it takes to call one that does not connect dead."""

VIEWERS = 12
LIVE = b"""#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.0,CAN-SKIP-UNTIL=24.0,CAN-SKIP-DATERANGES=YES
#EXT-X-PART-INF:PART-TARGET=1.0
#EXT-X-MEDIA-SEQUENCE:5
"""
DELTA = (
    LIVE
    + b"""#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb"
#EXTINF:4.00000,\r
https://cdn.example/8.mp4
#EXT-X-PART:DURATION=1.0,URI="9.1.mp4",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.2.mp4"
#EXT-X-RENDITION-REPORT:URI="../low/live.m3u8",LAST-MSN=9,LAST-PART=1
"""
)


def playlists(service: Service, origin: Origin, token: dict[str, str]) -> tuple[str, str]:
    """The addresses of a live playlist, under /api and under /play."""
    main = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8?s=1\n"
    origin.scripts["/a/main.m3u8"] = answer(main, Content_Type=HLS)
    played = service.media(f"{origin.url}/a/main.m3u8", token).body.decode().splitlines()[2]
    return f"/api?url={origin.url}%2Fa%2Flive.m3u8%3Fs%3D1&token={token['X-Session-Token']}", played


def test_a_blocking_reload_of_many_viewers_is_one_request_that_is_held(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    held = threading.Event()

    def hold(request: BaseHTTPRequestHandler) -> None:
        held.wait(HANG)
        answer(LIVE, Content_Type=HLS, Cache_Control="max-age=6")(request)

    addresses = playlists(service, origin, token)
    origin.scripts["/a/live.m3u8"] = hold
    origin.asked.clear()
    with ThreadPoolExecutor(VIEWERS) as viewers:
        asking = [
            viewers.submit(service.get, f"{addresses[number % 2]}&_HLS_msn=9&_HLS_part=1") for number in range(VIEWERS)
        ]
        time.sleep(HELD)
        assert not any(reply.done() for reply in asking)
        held.set()
        replies = [reply.result() for reply in asking]
    assert [reply.status for reply in replies] == [200] * VIEWERS
    assert [path for _, path, _ in origin.asked] == ["/a/live.m3u8?s=1&_HLS_msn=9&_HLS_part=1"]


def test_a_delta_update_is_asked_for_and_comes_undone_exactly(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    origin.scripts["/a/live.m3u8"] = answer(DELTA, Content_Type=HLS)
    for address in playlists(service, origin, token):
        reply = service.get(f"{address}&_HLS_skip=v2&_HLS_msn=9&_HLS_part=2")
        assert origin.asked[-1][1] == "/a/live.m3u8?s=1&_HLS_skip=v2&_HLS_msn=9&_HLS_part=2"
        text = reply.body
        assert b'#EXT-X-SKIP:SKIPPED-SEGMENTS=3,RECENTLY-REMOVED-DATERANGES="a\tb"\n' in text
        host = origin.url.removeprefix("http://").encode()
        for grant in sorted({part.split(b"/")[0] for part in text.split(b"/play/")[1:]}):
            text = text.replace(b"/play/%s/cdn.example/" % grant, b"https://cdn.example/")
            text = text.replace(b"/play/%s/%s/a/" % (grant, host), b"")
            text = text.replace(b"/play/%s/%s/low/" % (grant, host), b"../low/")
        assert text == DELTA
