"""``main.py diagnose``, as an operator types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest

from tests.commands.test_command_line import run
from tests.diagnosis.broken import change, serve
from tests.scripted_origin import Origin
from tests.service import HANG, ROOT, tiers_text

TS = "/hls-ts/master.m3u8"


@pytest.fixture
def files(origin: Origin, tmp_path: Path) -> Path:
    serve(origin, "hls-ts")
    (tmp_path / "tiers.yaml").write_text(tiers_text(origin.url))
    return tmp_path


def test_people_read_each_step_and_the_verdict_last(files: Path, origin: Origin) -> None:
    change(origin, ".*", lambda right: replace(right, cors=False))
    said = run(files, "diagnose", origin.url + TS)
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    steps = [line.split("  ")[2] for line in lines if line[2:3].isdigit() and line[3:5] == "  "]
    assert steps == [
        "the manifest",
        "variant 1 of 2 (640x360)",
        "the first segment",
        "the last segment",
        "variant 2 of 2 (320x180)",
    ]
    assert f"{origin.url}{TS} (origins: {origin.url})" in said.stdout
    assert "a page, directly: no; through the gateway: yes" in said.stdout
    assert lines[-1].startswith("= It plays through the gateway, but not without it: no web page can read what 127.")
    assert "\x1b" not in said.stdout
    assert [line for line in lines if line != line.rstrip()] == []
    assert sorted(path.name for path in files.iterdir()) == ["tiers.yaml"]  # no secrets are made to look


def test_machines_read_a_shape_that_is_documented(files: Path, origin: Origin) -> None:
    change(origin, r".*\.ts", lambda right: replace(right, status=403))
    said = run(files, "diagnose", origin.url + TS, "--json", "--player", "hls.js")
    assert said.returncode == 1
    told = json.loads(said.stdout)
    documented = (ROOT / "docs/operations.md").read_text()
    section = documented[documented.index("## Why does this not play?") :]
    members = {
        *told,
        *told["asked"],
        *told["steps"][0],
        *told["findings"][0],
        *told["verdict"],
        *told["steps"][0]["cors"],
    }
    assert [name for name in sorted(members) if f"`{name}`" not in section] == []
    assert (told["verdict"]["exit"], told["verdict"]["code"]) == (1, "origin_status")


def test_an_interruption_tells_what_was_seen_until_then(files: Path, origin: Origin) -> None:
    asked, done = Event(), Event()

    def never(_request: BaseHTTPRequestHandler) -> None:
        asked.set()
        done.wait(HANG)

    origin.scripts["/hls-ts/360p/segment-00.ts"] = never
    line = [sys.executable, str(ROOT / "main.py"), "diagnose", origin.url + TS]
    with subprocess.Popen(line, cwd=files, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert asked.wait(HANG)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=HANG)
    done.set()
    assert process.returncode == 2
    assert "variant 1 of 2 (640x360)" in said
    assert said.splitlines()[-1] == "= It cannot be told whether it plays: it was interrupted."
