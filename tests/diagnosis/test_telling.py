"""What is told, and what never is; and how much is asked."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from commands.diagnose import diagnose
from commands.diagnosing import budget
from gateway.diagnosis.expiry import expires_at
from gateway.diagnosis.redaction import quoted, shown
from tests.diagnosis.broken import Resource, change
from tests.diagnosis.conftest import Diagnose
from tests.scripted_origin import Origin
from tests.service import HANG, tiers_text

MAIN = str(Path(__file__).resolve().parents[2] / "main.py")
TS = "/hls-ts/master.m3u8"


def test_what_an_origin_says_reaches_no_terminal_as_it_is_and_no_query_is_repeated(folder: Path, media: Origin) -> None:
    body = "<title>\x1b[31mgo \u202eaway\x07 sig=S3cretS3cret</title>".encode()
    media.scripts["/a.m3u8"] = Resource(body, "text/html\x1b[2J", status=403)
    said = CliRunner().invoke(diagnose, [f"{media.url}/a.m3u8?sig=S3cretS3cret&v=1"])
    assert said.exit_code == 1
    assert "go away" in said.stdout
    for unfit in ("\x1b", "\x07", "\u202e", "S3cret"):
        assert unfit not in said.stdout + said.stderr
    assert f"{media.url}/a.m3u8?…" in said.stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_gets_lines_that_it_need_not_break_and_a_pipe_gets_each_whole(
    folder: Path, media: Origin, columns: int
) -> None:
    change(media, "/hls-ts/.*", lambda right: replace(right, cors=False))
    command = [sys.executable, MAIN, "diagnose", media.url + TS]
    piped = subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANG).stdout
    shown_lines = on_terminal(command, columns).splitlines()
    assert max(map(len, shown_lines)) <= columns < max(map(len, piped.splitlines()))
    assert "".join("".join(shown_lines).split())[-300:] == "".join(piped.split())[-300:]


def on_terminal(command: list[str], columns: int) -> str:
    """What a command writes to a terminal of so many columns, without the colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    running = subprocess.Popen(command, stdout=theirs, env=environment)
    os.close(theirs)
    written = b""
    with suppress(OSError):  # Linux says by an error that the other end is closed
        while read := os.read(ours, 65536):
            written += read
    os.close(ours)
    assert running.wait(HANG) == 0
    return click.unstyle(written.decode())


def test_what_cannot_be_asked_is_a_usage_error_and_files_that_cannot_be_read_are_trouble(folder: Path) -> None:
    for wrong in (
        [],
        ["https://a.example.com/", "--player", "winamp"],
        ["https://a.example.com/", "--page", "www.example.com"],
        ["https://a.example.com/", "--key", "sg_8aXk2LpQ_0123456789abcdefghijABCDEFGHIJ0123456789"],
    ):
        said = CliRunner().invoke(diagnose, wrong)
        assert (said.exit_code, said.stdout) == (2, ""), wrong
        assert "0123456789abcdef" not in said.stderr
    (folder / "tiers.yaml").write_text("tiers: 3")
    said = CliRunner().invoke(diagnose, ["https://a.example.com/"])
    assert (said.exit_code, said.stdout) == (2, "")
    assert "tiers.yaml:1:" in said.stderr


@pytest.mark.parametrize(
    ("bound", "most", "why"), [("MOST_REQUESTS", 4, "4 requests"), ("MOST_SECONDS", 1, "more than")]
)
def test_a_diagnosis_is_bounded(
    diagnosed: Diagnose,
    media: Origin,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    most: int,
    why: str,
) -> None:
    monkeypatch.setattr(budget, bound, most)
    right = media.scripts["/hls-ts/360p/segment-00.ts"]
    assert isinstance(right, Resource)
    media.scripts["/hls-ts/360p/segment-00.ts"] = replace(right, wait=1.5)
    began = time.monotonic()
    told = diagnosed(TS)
    assert time.monotonic() - began < HANG
    assert (told.exit, told.json["verdict"]["outcome"]) == (2, "cannot be told")
    assert why in told.json["incomplete"]
    assert len([None for method, *_ in media.asked if method == "GET"]) <= 9


def test_what_an_origin_refuses_is_told_where_nobody_may_ask_it_why(
    diagnosed: Diagnose, media: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MOST_REQUESTS", 1)
    media.scripts[TS] = Resource(b"", "text/plain", status=403)
    told = diagnosed(TS)
    assert (told.exit, told.codes()) == (1, ["origin_status"])


def test_a_diagnosis_does_not_wait_for_an_answer_longer_than_it_may_take(
    diagnosed: Diagnose, media: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MOST_SECONDS", 0.3)
    going_on = threading.Event()

    def silent(_request: BaseHTTPRequestHandler) -> None:
        going_on.wait(HANG)

    media.scripts[TS] = silent
    began = time.monotonic()
    told = diagnosed(TS)
    took = time.monotonic() - began
    going_on.set()
    assert "more than" in told.json["incomplete"]
    assert took < 5


def test_nothing_is_asked_for_when_the_time_is_over() -> None:
    now = 0.0
    spent = budget.Budget(lambda: now)
    now = budget.MOST_SECONDS - 0.1
    spent.spend()
    now = float(budget.MOST_SECONDS)
    with pytest.raises(budget.Spent, match="more than"):
        spent.spend()
    assert spent.requests == 1


def test_an_origin_that_gives_no_answer_is_not_asked_again(diagnosed: Diagnose, media: Origin, folder: Path) -> None:
    dead = Origin.start()
    (folder / "tiers.yaml").write_text(tiers_text(media.url, dead.url))

    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True

    names = [f"/{number}.m3u8" for number in range(3)]
    dead.scripts |= dict.fromkeys(names, hang_up)
    variants = "".join(f"#EXT-X-STREAM-INF:BANDWIDTH=1\n{dead.url}{name}\n" for name in names)
    change(media, TS, lambda right: replace(right, body=f"#EXTM3U\n{variants}".encode()))
    told = diagnosed(TS)
    dead.stop()
    assert told.exit == 1
    assert {path for _, path, _ in dead.asked} == {names[0]}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/x.m3u8", "https://a.example/x.m3u8"),
        ("https://a.example/x.m3u8?_HLS_msn=5&v=2", "https://a.example/x.m3u8?_HLS_msn=5&v=2"),
        ("https://a.example/x.m3u8?v=2&sig=abc", "https://a.example/x.m3u8?…"),
        ("https://a.example/x.m3u8?v=0123456789abcdef0123456789", "https://a.example/x.m3u8?…"),
        ("https://me:secret@a.example/x", "https://a.example/x"),
        ("https://a.example/bcdn_token=AbC&expires=1/x.ts", "https://a.example/…/x.ts"),
        ("https://a.example/hdnts=exp=1~hmac=0f/x.ts", "https://a.example/…/x.ts"),
        (f"https://a.example/{'a1B2c3D4' * 6}/x.ts", "https://a.example/…/x.ts"),
        ("https://a.example/eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln/x.ts", "https://a.example/…/x.ts"),
        ("https://a.example/a-long-name-of-a-film-that-has-no-end-in-it-at-all/x.ts",) * 2,
        ("https://a.example/x\u202ets?v=1", "https://a.example/x ts?v=1"),
    ],
)
def test_urls_are_told_without_what_may_be_a_secret(url: str, told: str) -> None:
    assert shown(url) == told


def test_an_error_page_is_quoted_in_short_and_without_the_address_secrets() -> None:
    assert quoted(b"<Error><Code>A</Code><Message>Request has expired</Message></Error>", "") == "Request has expired"
    assert quoted(b'{"message": "bad token abcdef123"}', "token=abcdef123") == "bad token …"
    assert quoted(b"no token 0123456789abcdef0123456789abcdef", "") == "no token …"
    assert not quoted(b"<p>nothing to read</p>", "")
    assert len(quoted(b"so " * 400, "")) <= 80


@pytest.mark.parametrize(
    "query",
    [
        "Expires=1700000000&Signature=x",
        "token=x&expires=1700000000",
        "hdnts=st=1600000000~exp=1700000000~acl=/*~hmac=0f",
        "X-Amz-Date=20231114T121320Z&X-Amz-Expires=36000",
        "X-Goog-Date=20231114T121320Z&X-Goog-Expires=36000",
        "se=2023-11-14T22:13:20Z&sig=x",
        "t=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDAwMDB9.x",
        "Policy=eyJTdGF0ZW1lbnQiOlt7IkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTcwMDAwMDAwMH19fV19",
    ],
)
def test_when_a_signed_address_ends_is_read_as_its_maker_writes_it(query: str) -> None:
    assert expires_at(f"https://a.example/x.ts?{query}") == 1_700_000_000


@pytest.mark.parametrize("query", ["", "expires=soon", "v=1700000000", "t=eyJx.eyJ.x", "Policy=x", "X-Amz-Expires=5"])
def test_what_says_no_end_has_none(query: str) -> None:
    assert expires_at(f"https://a.example/x.ts?{query}") is None
