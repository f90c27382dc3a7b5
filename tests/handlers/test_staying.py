"""Clients that leave before they are answered."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from handlers.inspect import OF_ONE_KEY
from tests.demo.chromium import wait_until
from tests.scripted_origin import Origin, answer
from tests.service import HANG, Service


@pytest.mark.timeout(60)
def test_an_inspection_whose_client_has_left_gives_its_place_to_another(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    asked, done = threading.Semaphore(0), threading.Event()

    def never(_request: BaseHTTPRequestHandler) -> None:
        asked.release()
        done.wait(HANG)

    origin.scripts["/l.m3u8"] = answer(b"#EXTM3U\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n")
    quick, *slow = (
        f"/api/inspect?url={quote(origin.url + path, safe='')}"
        for path in ("/l.m3u8", *(f"/slow-{number}.mp4" for number in range(OF_ONE_KEY)))
    )
    clients = []
    for number, path in enumerate(slow):
        origin.scripts[f"/slow-{number}.mp4"] = never
        client = socket.create_connection(("127.0.0.1", service.port))
        client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Session-Token: {token['X-Session-Token']}\r\n\r\n".encode()
        )
        assert asked.acquire(timeout=HANG)
        clients.append(client)
    assert service.get(quick, token).status == 503
    for client in clients:
        client.close()
    wait_until(lambda: service.get(quick, token).status == 200)
    done.set()
