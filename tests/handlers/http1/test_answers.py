"""How answers are framed, and that one which is not whole can be told from one that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.handlers.http1.served import Served, get, served, until

CLOSE = {"Connection": "close"}
KEEP = {"Connection": "keep-alive"}


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as started:
        yield started


def split(reply: bytes) -> tuple[bytes, bytes]:
    head, _, body = reply.partition(b"\r\n\r\n")
    return head + b"\r\n", body


def test_a_body_of_unknown_length_goes_in_chunks(server: Served) -> None:
    head, body = split(server.ask(get("/pieces", fields=CLOSE)))
    assert b"Transfer-Encoding: chunked\r\n" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


@pytest.mark.parametrize("fields", [None, KEEP])
def test_to_http_1_0_it_goes_until_the_connection_ends(server: Served, fields: dict[str, str] | None) -> None:
    head, body = split(server.ask(get("/pieces", "1.0", fields)))
    assert b"Transfer-Encoding" not in head
    assert b"Keep-Alive" not in head
    assert body == b"onetwo"


def test_http_1_0_keeps_the_connection_only_when_asked(server: Served) -> None:
    assert b"Connection" not in server.ask(get("/echo", "1.0"))
    with server.connect() as client:
        for _ in range(2):
            client.sendall(get("/echo", "1.0", KEEP))
            assert b"Connection: Keep-Alive\r\n" in until(client, b"}")


def test_http_1_1_keeps_it_until_told_otherwise(server: Served) -> None:
    with server.connect() as client:
        for _ in range(3):
            client.sendall(get("/echo"))
            assert b"Connection:" not in until(client, b"}")
        client.sendall(get("/echo", fields={"Connection": "TE, Close"}))
        assert b"Connection: close\r\n" in until(client, b"}")
        assert client.recv(1) == b""


@pytest.mark.parametrize("path", ["/echo", "/pieces"])
def test_head_is_answered_without_a_body_and_the_next_request_is_read(server: Served, path: str) -> None:
    reply = server.ask(get(path, method="HEAD") + get("/bare/204", fields=CLOSE))
    head, rest = split(reply)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_never_have_a_body(server: Served, status: int) -> None:
    reply = server.ask(get(f"/bare/{status}") + get("/bare/204", fields=CLOSE))
    head, rest = split(reply)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Length" not in head
    assert b"Transfer-Encoding" not in head
    assert rest.startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(("written", "received"), [("3", b"xxx"), ("5", b"")])
def test_a_body_that_is_not_as_long_as_promised_ends_the_connection(
    server: Served, written: str, received: bytes
) -> None:
    server.seen.log.clear()
    reply = server.ask(get(f"/misleading/{written}") + get("/echo"))
    server.seen.wait_for("failed")
    assert split(reply)[1] == received
    assert b"uri" not in reply


def test_a_field_cannot_break_out_of_its_line(server: Served) -> None:
    server.seen.log.clear()
    assert server.ask(get("/misleading/field")) == b""
    server.seen.wait_for("failed")


def test_a_reset_is_an_error_to_the_client(server: Served) -> None:
    with server.connect() as client:
        client.sendall(get("/reset/reset", "1.0"))
        with pytest.raises(ConnectionResetError):
            while client.recv(1000):
                pass


def test_closing_in_the_middle_leaves_the_last_chunk_out(server: Served) -> None:
    assert split(server.ask(get("/reset/close")))[1] == b"4\r\nsome\r\n"
