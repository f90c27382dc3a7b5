"""A real player that tells of its playback, through the gateway."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.demo.chromium import chromium, responses, wait_until
from tests.demo.test_players import address
from tests.service import ROOT, Service

HLS_JS = ROOT / "tests/players/node_modules/hls.js/dist/hls.min.js"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """A page of somebody else's, on an origin of its own, with hls.js: options, a space and an address after the #."""
    (tmp_path / "hls.js").write_bytes(HLS_JS.read_bytes())
    (tmp_path / "index.html").write_text(
        "<video id=v muted autoplay></video><script src=hls.js></script><script>"
        "const [cmcd, url] = decodeURIComponent(location.hash.slice(1)).split(' ');"
        "const h = new Hls({cmcd: JSON.parse(cmcd), maxBufferLength: 4, maxBufferSize: 1});"  # so that it asks on
        "h.loadSource(url); h.attachMedia(v)</script>"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    server.server_close()


def told(demo: Service, name: str) -> float:
    """The sum over one metric of players."""
    text = demo.admin("/metrics").body.decode()
    return sum(map(float, re.findall(rf"^sluicegate_cmcd_{name}(?:\{{.*\}})? (.*)$", text, re.M)))


def test_what_hls_js_tells_in_both_versions_turns_up_in_the_metrics(demo: Service, page: str, tmp_path: Path) -> None:
    query, fields = '{"sessionId":"by-query"}', '{"useHeaders":true,"version":2,"sessionId":"by-fields"}'
    with chromium(tmp_path) as browser:
        for options in (query, fields):
            before = {name: told(demo, f"{name}_count") for name in ("buffer_seconds", "bitrate_kbits")}
            browser.get("about:blank")
            browser.get(f"{page}#{options}%20{address(demo, '/hls-ts/master.m3u8')}")
            wait_until(lambda: browser.execute_script("return window.v && v.currentTime > 1"))
            wait_until(lambda: all(told(demo, f"{name}_count") > seen for name, seen in before.items()))  # noqa: B023
            assert [seen for seen in responses(browser) if f":{demo.port}/" in seen[1] and seen[0] >= 400] == []
        wait_until(lambda: told(demo, "buffer_seconds_sum") > 0)
        wait_until(lambda: told(demo, r'requests_total\{[^}]*well_formed="yes"\}') > 6)
    assert 100 < told(demo, "bitrate_kbits_sum") / told(demo, "bitrate_kbits_count") < 10_000
    assert told(demo, r'requests_total\{[^}]*well_formed="no"\}') == 0
    sessions = {found[1] for found in re.finditer(r'"cmcd_sid": "([^"]*)"', demo.log.read_text())}
    assert sessions == {"by-query", "by-fields"}
