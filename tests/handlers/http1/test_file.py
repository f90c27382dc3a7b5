"""Files that the kernel sends by itself."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.handlers.http1.served import Served, get, served, until

SIZE = 8 * 2**20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served() as started:
        started.seen.file = tmp_path / "file"
        started.seen.file.write_bytes(os.urandom(SIZE))
        yield started


def read(server: Served, client: object, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = client.recv(min(65536, count - len(received)))  # type: ignore[attr-defined]
        assert piece
        received += piece
    return received


@pytest.mark.parametrize(("offset", "count"), [(0, SIZE), (12345, 3_000_001), (SIZE - 1, 1), (7, 0)])
def test_a_part_of_a_file_follows_what_was_written_and_the_next_answer_follows_it(
    server: Served, offset: int, count: int
) -> None:
    whole = server.seen.file.read_bytes()
    for receive in (0, 4096):
        with server.connect(receive) as client:
            client.sendall(get(f"/file/{offset}/{count}/{4 + count}") + get("/echo"))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            body = read(server, client, 4 + count)
            assert body[:4] == b"head"
            assert hashlib.sha256(body[4:]).digest() == hashlib.sha256(whole[offset : offset + count]).digest()
            assert b'"/echo"' in until(client, b"}")
    assert "sent after True" in server.seen.log


def test_a_client_that_reads_slowly_gets_all_of_it(server: Served) -> None:
    with server.connect(receive=4096) as client:
        client.sendall(get(f"/file/0/{SIZE}/{SIZE + 4}"))
        received = until(client, b"\r\n\r\n").partition(b"\r\n\r\n")[2]
        while len(received) < SIZE + 4:
            if len(received) < 200_000:
                time.sleep(0.01)
            received += client.recv(20_000 if len(received) < 200_000 else 1_000_000)
    assert hashlib.sha256(received[4:]).digest() == hashlib.sha256(server.seen.file.read_bytes()).digest()


def test_a_client_that_leaves_is_noticed_and_leaves_no_descriptor(server: Served) -> None:
    process = psutil.Process()
    before = process.num_fds()
    for _ in range(5):
        server.seen.log.clear()
        with server.connect(receive=4096) as client:
            client.sendall(get(f"/file/0/{SIZE}/{SIZE + 4}"))
            client.recv(1000)
        server.seen.wait_for("left")
        server.seen.wait_for("ended")
    deadline = time.monotonic() + 10
    while process.num_fds() > before:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_client_that_takes_nothing_holds_up_nobody(server: Served) -> None:
    with server.connect(receive=4096) as stalled, server.connect() as other:
        stalled.sendall(get(f"/file/0/{SIZE}/{SIZE + 4}"))
        stalled.recv(1)
        other.sendall(get("/echo"))
        assert b'"/echo"' in until(other, b"}")
        assert "ended" not in server.seen.log


def test_a_file_that_ends_early_ends_the_connection(server: Served) -> None:
    reply = server.ask(get(f"/file/{SIZE - 10}/20/24") + get("/echo"))
    assert reply.endswith(b"\r\n\r\nhead" + server.seen.file.read_bytes()[-10:])
    assert "short" in server.seen.log


def test_no_more_of_a_file_is_sent_than_was_promised(server: Served) -> None:
    reply = server.ask(get("/file/0/20/14") + get("/echo"))
    server.seen.wait_for("failed")
    assert server.seen.file.read_bytes()[:10] not in reply
