"""Both FFmpegs on all of the demo's media, to the end, through the gateway; tests/players/ has the other players."""

from __future__ import annotations

import subprocess
from urllib.parse import quote

import av
import pytest

from demo.origin import RECORDED
from tests.service import Service

FRAMES = 40 * 24
HLS = [entry for entry in RECORDED if entry.kind == "hls"]


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
    for number in range(10):
        demo.wait_for_log(rf"segment-{number:02d}\.")  # a line is written after its answer
