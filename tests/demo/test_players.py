"""Real players on the demo's media, through the gateway."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import av
import pytest

from demo.origin import RECORDED
from tests.demo.chromium import chromium, responses, wait_until
from tests.service import ROOT, Service

FRAMES = 40 * 24
HLS = [entry for entry in RECORDED if entry.kind == "hls"]
DASH_JS = ROOT / "tests/players/node_modules/dashjs/dist/modern/umd/dash.all.min.js"


def address(demo: Service, path: str) -> str:
    """``/api?url=`` with a session token, for a player that can set no header."""
    key = (demo.keyring.parent / "demo.key").read_text().strip()
    media = demo.get("/demo/media").json[0]["url"]
    origin = "/".join(media.split("/")[:3])
    return f"http://127.0.0.1:{demo.port}/api?token={demo.token(key)}&url={quote(origin + path, safe='')}"


@pytest.mark.parametrize("entry", RECORDED, ids=lambda entry: str(entry.id))
def test_the_systems_ffmpeg_decodes_everything_without_an_error(demo: Service, entry: object) -> None:
    path = entry.path  # type: ignore[attr-defined]
    command = ["ffmpeg", "-v", "error", "-stats", "-i", address(demo, path), "-map", "0:v:0", "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    errors = [line for line in played.stderr.replace("\r", "\n").splitlines() if line and not line.startswith("frame=")]
    assert (played.returncode, errors) == (0, [])
    assert f"frame={FRAMES:5d}" in played.stderr


@pytest.mark.parametrize("entry", HLS, ids=lambda entry: str(entry.id))
def test_the_current_ffmpeg_decodes_hls_and_asks_for_all_segments(demo: Service, entry: object) -> None:
    path = entry.path  # type: ignore[attr-defined]
    with av.open(address(demo, path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == FRAMES
    log = demo.log.read_text()
    for number in range(10):
        assert f"segment-{number:02d}." in log


@pytest.fixture
def page(demo: Service, tmp_path: Path) -> Iterator[str]:
    """A page of somebody else's, on an origin of its own, with dash.js."""
    (tmp_path / "dash.js").write_bytes(DASH_JS.read_bytes())
    (tmp_path / "index.html").write_text(
        "<video id=v muted></video><script src=dash.js></script>"
        "<script>const p = dashjs.MediaPlayer().create(); p.initialize(v, location.hash.slice(1), true)</script>"
    )
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    server.server_close()


def test_dash_js_plays_dash_from_another_origins_page(demo: Service, page: str, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        browser.get(f"{page}#{address(demo, '/dash/manifest.mpd')}")
        wait_until(lambda: browser.execute_script("return v.currentTime > 9"))
        gateway = [seen for seen in responses(browser) if f":{demo.port}/" in seen[1]]
        assert len(gateway) > 4
        assert [seen for seen in gateway if seen[0] not in {200, 206}] == []
        assert all("/play/" in url for _, url in gateway[1:])
