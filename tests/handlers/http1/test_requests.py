"""What is taken for a request, what is refused, and in which order requests are answered."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.http1.body import Body
from handlers.http1.connection import Patience
from tests.handlers.http1.served import Served, everything, get, served, until
from tests.service import HANG

CLOSE = {"Connection": "close"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as started:
        yield started


MALFORMED = {
    "bare LF": b"GET /echo HTTP/1.1\nHost: x\n\n",
    "bare LF in a field": b"GET /echo HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "bare CR in a field": b"GET /echo HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
    "fold": b"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "space before a colon": b"GET /echo HTTP/1.1\r\nHost : x\r\n\r\n",
    "no name": b"GET /echo HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "no colon": b"GET /echo HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "space before the first field": b"GET /echo HTTP/1.1\r\n Host: x\r\n\r\n",
    "NUL": b"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    "NUL in the target": b"GET /ec\x00ho HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in the target": b"GET /echo there HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /echo\r\nHost: x\r\n\r\n",
    "another version": b"GET /echo HTTP/2.0\r\nHost: x\r\n\r\n",
    "another protocol": b"GET /echo RTSP/1.0\r\nHost: x\r\n\r\n",
    "two hosts": b"GET /echo HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "two hosts in one": b"GET /echo HTTP/1.1\r\nHost: x, y\r\n\r\n",
    "no host": b"GET /echo HTTP/1.1\r\n\r\n",
    "host with a port that is none": get("/echo", fields={"Host": "x:" + "9" * 5000}),
    "target without a slash": get("echo"),
    "target of a user": get("http://me@x/echo"),
    "target without a host": get("http:///echo"),
    "asterisk": get("*"),
    "host with a path": b"GET /echo HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "two empty lines before": b"\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "length and chunks": get("/echo", fields={"Content-Length": "5", "Transfer-Encoding": "chunked"}) + b"0\r\n\r\n",
    "two lengths": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "lengths in one": get("/echo", fields={"Content-Length": "1, 1"}),
    "signed length": get("/echo", fields={"Content-Length": "+1"}),
    "hexadecimal length": get("/echo", fields={"Content-Length": "0x1"}),
    "chunks in HTTP/1.0": get("/echo", "1.0", {"Transfer-Encoding": "chunked"}),
    "bad chunk size": get("/echo", fields={"Transfer-Encoding": "chunked"}) + b"+3\r\nabc\r\n0\r\n\r\n",
    "bare LF in a chunk": get("/echo", fields={"Transfer-Encoding": "chunked"}) + b"3\nabc\r\n0\r\n\r\n\r\n",
    "chunk that is longer": get("/echo", fields={"Transfer-Encoding": "chunked"}) + b"3\r\nabcd\r\n0\r\n\r\n",
    "bad trailer": get("/echo", fields={"Transfer-Encoding": "chunked"}) + b"0\r\na b\r\n\r\n",
    "too many query fields": get("/echo?" + "&".join(["a=b"] * 1001)),
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_refused_and_nothing_after_it_is_read(server: Served, request_bytes: bytes) -> None:
    reply = server.ask(request_bytes + get("/echo/smuggled"))
    assert reply.startswith(b"HTTP/1.1 400 "), reply
    assert b"Connection: close\r\n" in reply
    assert re.search(rb"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", reply)
    assert reply.count(b"HTTP/1.1 ") == 1


def test_a_coding_that_is_not_known_is_not_guessed_at(server: Served) -> None:
    for coding in ("gzip, chunked", "chunked, chunked", "identity"):
        assert server.ask(get("/echo", fields={"Transfer-Encoding": coding})).startswith(b"HTTP/1.1 501 "), coding


@pytest.mark.parametrize("large", [b"A: " + b"b" * 40_000, b"A: b\r\n" * 8_000])
def test_a_head_that_is_too_large_is_told_so_whether_or_not_it_ends(server: Served, large: bytes) -> None:
    for end in (b"", b"\r\n\r\n"):
        reply = server.ask(b"GET /echo HTTP/1.1\r\nHost: x\r\n" + large + end)
        assert reply.startswith(b"HTTP/1.1 431 ")


def test_a_head_may_come_byte_by_byte(server: Served) -> None:
    with server.connect() as client:
        for byte in b"\r\n" + get("/echo/slow", fields={"X": "a  "}):
            client.sendall(bytes([byte]))
        assert b'{"uri": "/echo/slow", "ip": "127.0.0.1", "x": ["a"]}' in until(client, b"}")


def test_fields_of_one_name_stay_apart_and_names_have_no_case(server: Served) -> None:
    reply = server.ask(b"GET /echo HTTP/1.1\r\nhost: x\r\nx: \xe9\r\nX:\t2\t\r\nCONNECTION: Close\r\n\r\n")
    assert b'"x": ["\\u00e9", "2"]' in reply


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (get("/echo", method="POST", fields={"Content-Length": "3", **CLOSE}) + b"abc", b"abc"),
        (get("/echo", method="POST", fields={"Content-Length": "0", **CLOSE}), b""),
        (get("/echo", method="POST", fields=CLOSE), b""),
        (
            get("/echo", method="POST", fields={"Transfer-Encoding": "Chunked", **CLOSE})
            + b'3;a="b"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n',
            b"abc0123456789",
        ),
    ],
)
def test_a_body_is_read_however_it_is_framed_and_cut(server: Served, sent: bytes, read: bytes) -> None:
    assert server.ask(sent).partition(b"\r\n\r\n")[2] == read
    with server.connect() as client:
        for byte in sent:
            client.sendall(bytes([byte]))
        assert everything(client).partition(b"\r\n\r\n")[2] == read


@pytest.mark.parametrize(
    "sent",
    [
        get("/echo", method="POST", fields={"Content-Length": "8193"}),
        get("/echo", method="POST", fields={"Content-Length": "100000000", "Expect": "100-continue"}),
        get("/echo", method="POST", fields={"Transfer-Encoding": "chunked"}) + b"2001\r\n",
        get("/echo", method="POST", fields={"Transfer-Encoding": "chunked"}) + b"1;" + b"a" * 100_000,
        get("/echo", method="POST", fields={"Transfer-Encoding": "chunked"}) + b"0\r\n" + b"a: b\r\n" * 10_000,
    ],
)
def test_a_body_that_is_too_large_is_told_so_before_it_comes(server: Served, sent: bytes) -> None:
    reply = server.ask(sent)
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b'"error": "Request body too large"' in reply


def test_what_lies_behind_a_body_of_small_chunks_does_not_make_it_slower_to_read() -> None:
    def seconds(behind: int) -> float:
        sent = b"1\r\na\r\n" * 8000 + b"0\r\n\r\n" + bytes(behind)
        started = time.process_time()
        assert Body(None).read(sent) == (b"a" * 8000, bytes(behind))
        return time.process_time() - started

    assert min(seconds(250_000) for _ in range(5)) < 5 * min(seconds(0) for _ in range(5))


def test_an_answer_is_not_overtaken_by_the_reset_that_unread_bytes_cause(server: Served) -> None:
    head = get("/echo", method="POST", fields={"Content-Length": "2000000"})
    assert server.ask(head + bytes(2_000_000)).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_waits_is_told_to_go_on(server: Served) -> None:
    with server.connect() as client:
        client.sendall(get("/echo", method="POST", fields={"Content-Length": "3", "Expect": "100-Continue"}))
        assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert until(client, b"abc").startswith(b"HTTP/1.1 200 OK\r\n")


def test_requests_that_come_at_once_are_answered_one_after_another(server: Served) -> None:
    names = [f"n{number}" for number in range(20)]
    sent = b"".join(get(f"/turns/{name}") for name in names) + get("/echo", fields=CLOSE)
    server.seen.log.clear()
    reply = server.ask(sent)
    assert [part.rpartition(b"\r\n\r\n")[2] for part in reply.split(b"HTTP/1.1 200 OK")[1:-1]] == [
        name.encode() for name in names
    ]
    assert server.seen.log == [f"{name} {what}" for name in names for what in ("begins", "ends")]


def test_a_client_that_sends_more_and_more_is_not_read_on(server: Served) -> None:
    with server.connect() as client:
        client.sendall(get("/waiting"))
        server.seen.wait_for("waits")
        client.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 * 2**20:
                sent += client.send(get("/echo") * 1000)
    assert sent < 32 * 2**20


def test_a_client_that_sends_more_than_it_takes_is_not_read_on_between_its_answers(server: Served) -> None:
    with server.connect(receive=4096) as client:
        client.settimeout(0.5)
        requests = get("/echo") * 1000
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 * 2**20:
                sent += client.send(requests[sent % len(requests) :])
    assert sent < 32 * 2**20


def test_requests_that_wait_behind_others_are_all_answered_however_many_bytes_they_are(server: Served) -> None:
    body = get("/echo", method="POST", fields={"Content-Length": "8000"}) + bytes(8000)
    sent = (get("/turns/first") + body * 20) * 3 + get("/echo/last", fields=CLOSE)
    reply = server.ask(sent)
    assert reply.count(b"HTTP/1.1 200 OK") == 64
    assert b'"/echo/last"' in reply


def test_a_client_that_does_not_take_the_last_of_an_answer_is_not_waited_for_for_ever() -> None:
    with served(patience=Patience(idle=0.5)) as server, server.connect(receive=4096) as client:
        client.settimeout(0.5)
        requests = get("/echo") * 1000
        sent = 0
        with pytest.raises((TimeoutError, ConnectionError)):
            while True:
                sent += client.send(requests[sent % len(requests) :])
        deadline = time.monotonic() + HANG
        while server.server.connections:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_target_may_name_its_host(server: Served) -> None:
    assert b'{"uri": "/echo/a?b", ' in server.ask(get("http://y:80/echo/a?b", fields=CLOSE))
    assert b"HTTP/1.1 404 " in server.ask(get("HTTP://y?a", fields=CLOSE))


def test_long_names_of_fields_are_not_remembered(server: Served) -> None:
    tracemalloc.start()
    try:
        for number in range(100):
            server.ask(get("/echo", fields={f"A{number}-{'b' * 30_000}": "x", **CLOSE}))
        assert tracemalloc.get_traced_memory()[0] < 2 * 2**20
    finally:
        tracemalloc.stop()


def test_a_client_that_takes_no_answers_gets_no_more_of_them(server: Served) -> None:
    server.seen.written = 0
    with server.connect(receive=4096) as client:
        client.sendall(get("/large") + get("/echo"))
        until(client, b"\r\n\r\n")
        before = -1
        while server.seen.written != before:
            before = server.seen.written
            time.sleep(0.2)
        assert server.seen.written < 4 * 2**20
    server.seen.wait_for("left")


def test_a_client_that_leaves_is_noticed_while_nothing_is_sent(server: Served) -> None:
    server.seen.log.clear()
    with server.connect() as client:
        client.sendall(get("/waiting"))
        server.seen.wait_for("waits")
    server.seen.wait_for("left")
    server.seen.wait_for("closed True")


def test_time_runs_out_for_a_head_and_for_a_body_but_not_for_an_answer() -> None:
    with served(patience=Patience(idle=1, body=1)) as server:
        assert server.ask(b"") == b""
        assert server.ask(b"GET /echo HT").startswith(b"HTTP/1.1 408 ")
        assert server.ask(get("/echo", method="POST", fields={"Content-Length": "3"}) + b"a").startswith(
            b"HTTP/1.1 408 "
        )
        assert b"200 OK" in server.ask(get("/echo"))  # and closes what is idle after an answer
        with server.connect() as client:
            client.sendall(get("/waiting"))
            client.settimeout(2)
            with pytest.raises(TimeoutError):
                client.recv(1)


def test_time_is_counted_from_the_last_answer_not_from_the_last_byte() -> None:
    with served(patience=Patience(idle=0.5)) as server, server.connect() as client:
        for byte in get("/echo/" + "a" * 1000):
            try:
                client.sendall(bytes([byte]))
            except (ConnectionResetError, BrokenPipeError):
                break
            time.sleep(0.02)
        else:
            raise AssertionError("a head that trickles was waited for")


def test_one_connection_too_many_is_told_so_and_a_place_that_is_free_is_given() -> None:
    with served(most=2) as server:
        first, second = server.connect(), server.connect()
        first.sendall(get("/echo"))
        second.sendall(get("/echo"))
        until(first, b"}")
        until(second, b"}")
        reply = server.ask(b"")
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1\r\n" in reply
        assert server.server.refused == 1
        first.close()
        with server.connect() as third:
            third.sendall(get("/echo"))
            assert b" 200 OK" in until(third, b"\r\n\r\n")
        second.close()


def test_a_server_that_stops_closes_what_is_idle_and_lets_the_rest_finish() -> None:
    with served() as server, server.connect() as idle, server.connect() as busy:
        idle.sendall(get("/echo"))
        until(idle, b"}")
        busy.sendall(get("/turns/last"))
        server.seen.wait_for("last begins")
        server.call("stop")
        assert idle.recv(1) == b""
        reply = everything(busy)
        assert reply.endswith(b"\r\n\r\nlast")
        assert b"Connection: close\r\n" in reply
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_a_unix_socket_is_served_as_a_port_is(tmp_path: Path) -> None:
    with served(path=tmp_path / "socket") as server:
        assert b'"ip": "0.0.0.0"' in server.ask(get("/echo", fields=CLOSE))
