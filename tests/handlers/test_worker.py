"""Edits, reloads and the end, on a running service."""

from __future__ import annotations

import hashlib
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from tests.conftest import RedisServer, StartService
from tests.scripted_origin import Origin, answer, send_head
from tests.service import HANG, Service, tiers_text

PUBLIC = {"X-API-Key": "public_api_key"}


def edit(service: Service, old: str, new: str) -> None:
    file = service.folder / "tiers.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_an_edited_quota_holds_on_the_next_request_and_resets_nobodys_window(service: Service) -> None:
    for _ in range(10):
        service.get("/api/usage", PUBLIC)
    assert service.get("/api/usage", PUBLIC).status == 429
    edit(service, "10/60s", "20/60s")
    service.reload()
    reply = service.get("/api/usage", PUBLIC)
    assert (reply.status, reply.headers["RateLimit-Policy"]) == (200, '"rate_limit";q=20;w=60')
    assert reply.headers["RateLimit"].startswith('"rate_limit";r=9;')
    edit(service, "20/60s", "5/60s")
    service.reload()
    assert service.get("/api/usage", PUBLIC).status == 429


def test_an_edit_is_seen_without_a_signal(service: Service) -> None:
    edit(service, "10/60s", "20/60s")
    service.wait_for_log("generation 2 is in force")
    assert service.get("/api/usage", PUBLIC).headers["RateLimit-Policy"] == '"rate_limit";q=20;w=60'


def test_a_broken_edit_is_logged_with_its_place_and_changes_nothing(service: Service) -> None:
    edit(service, "rate_limit: 10/60s", "rate_limit: ten a minute")
    service.reload()
    service.wait_for_log(r"tiers\.yaml:6:17: 'ten a minute' is not a rate; write requests per window, such as 10/60s")
    assert service.get("/api/usage", PUBLIC).headers["RateLimit-Policy"] == '"rate_limit";q=10;w=60'
    metrics = service.admin("/metrics").body.decode()
    assert "sluicegate_config_last_reload_successful 0.0" in metrics
    assert service.admin("/readyz").json["last_reload_successful"] is False
    edit(service, "ten a minute", "30/60s")
    service.reload()
    assert service.get("/api/usage", PUBLIC).headers["RateLimit-Policy"] == '"rate_limit";q=30;w=60'
    assert "sluicegate_config_last_reload_successful 1.0" in service.admin("/metrics").body.decode()


def test_a_missing_file_changes_nothing(service: Service) -> None:
    (service.folder / "tiers.yaml").unlink()
    service.reload()
    assert service.get("/api/usage", PUBLIC).status == 200


def test_a_file_that_cannot_be_read_is_told_once_and_changes_nothing(service: Service) -> None:
    keys = service.keys
    key = {"X-API-Key": service.add_key("acme", "standard")}
    keys.chmod(0o644)
    service.reload()
    service.wait_for_log("others can read it; chmod 600")
    assert service.get("/api/usage", key).status == 200


def test_following_the_logs_advice_is_enough(service: Service) -> None:
    key = {"X-API-Key": service.add_key("acme", "standard")}
    service.keys.chmod(0o644)
    service.wait_for_log("others can read it; chmod 600")
    service.keys.chmod(0o600)
    service.wait_for_log("generation 3 is in force")
    assert service.get("/api/usage", key).status == 200


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_a_file_of_keys_that_is_suddenly_gone_ends_nobody(service: Service, loss: str) -> None:
    key = {"X-API-Key": service.add_key("acme", "standard")}
    if loss == "missing":
        service.keys.rename(service.keys.with_name("elsewhere"))
    else:
        service.keys.write_text("")
    service.reload()
    service.wait_for_log("missing or empty, which would end every key")
    assert service.get("/api/usage", key).status == 200
    assert service.admin("/readyz").json["last_reload_successful"] is False


def test_a_client_on_a_tier_that_is_not_there_is_told_of(service: Service) -> None:
    key = {"X-API-Key": service.add_key("acme", "standard")}
    service.keys.write_text(service.keys.read_text().replace("standard", "standart"))
    service.reload()
    service.wait_for_log("there is no tier standart, so the keys of client acme are dead")
    assert service.get("/api/usage", key).status == 401


def slow_body(request: BaseHTTPRequestHandler) -> None:
    send_head(request, 200, {"Content-Length": "20000"})
    for _ in range(20):
        request.wfile.write(b"x" * 1000)
        time.sleep(0.1)


def in_background(service: Service, url: str, token: dict[str, str]) -> tuple[threading.Thread, list[bytes]]:
    bodies: list[bytes] = []
    thread = threading.Thread(target=lambda: bodies.append(service.media(url, token).body))
    thread.start()
    return thread, bodies


def test_a_reload_does_not_interrupt_a_running_stream(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/v.ts"] = slow_body
    thread, bodies = in_background(service, f"{origin.url}/v.ts", token)
    time.sleep(0.3)
    edit(service, "10/60s", "20/60s")
    service.reload()
    edit(service, "streaming: true", "streaming: maybe")
    service.reload()
    thread.join(HANG)
    assert bodies == [b"x" * 20000]


def test_sigterm_lets_a_running_stream_finish(service: Service, origin: Origin, token: dict[str, str]) -> None:
    origin.scripts["/v.ts"] = slow_body
    thread, bodies = in_background(service, f"{origin.url}/v.ts", token)
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    thread.join(HANG)
    assert bodies == [b"x" * 20000]
    assert service.process.wait(HANG) == 0
    with pytest.raises(OSError):
        service.get("/api/health")


def test_several_workers_share_one_limit_and_hear_the_same_signals(
    start_service: StartService, redis_server: RedisServer
) -> None:
    tiers = tiers_text().replace("public_api_key", "open_for_workers")
    service = start_service(tiers, "--redis", redis_server.url, "--workers", "3")
    service.wait_for_log(r"(?s)(serving on.*){3}")
    key = {"X-API-Key": "open_for_workers"}
    assert [service.get("/api/usage", key).status for _ in range(11)] == [200] * 10 + [429]
    (service.folder / "tiers.yaml").write_text(tiers.replace("10/60s", "7/60s"))
    service.process.send_signal(signal.SIGHUP)
    service.wait_for_log(r"(?s)(generation 2 is in force.*){3}")
    assert service.get("/api/tiers").json["tiers"]["public"]["rate_limit"]["limit"] == 7


def test_a_worker_that_dies_is_replaced(start_service: StartService, redis_server: RedisServer) -> None:
    service = start_service(tiers_text(), "--redis", redis_server.url, "--workers", "2")
    service.wait_for_log(r"(?s)(serving on.*){2}")
    workers = psutil.Process(service.process.pid).children()
    assert len(workers) == 2
    workers[0].kill()
    service.wait_for_log(r"ended with status -9")
    service.wait_for_log(r"(?s)(serving on.*){3}")
    assert service.get("/api/health").status == 200


def test_a_worker_that_dies_while_the_file_is_broken_is_replaced_by_one_with_the_last_good(
    start_service: StartService, redis_server: RedisServer
) -> None:
    service = start_service(tiers_text(), "--redis", redis_server.url, "--workers", "2")
    service.wait_for_log(r"(?s)(serving on.*){2}")
    edit(service, "10/60s", "20/60s")
    service.process.send_signal(signal.SIGHUP)
    service.wait_for_log(r"(?s)(generation 2 is in force.*){3}")
    edit(service, "20/60s", "twenty")
    for worker in psutil.Process(service.process.pid).children():
        worker.kill()
    service.wait_for_log(r"(?s)(serving on.*){4}")
    tiers = service.get("/api/tiers").json["tiers"]
    assert tiers["public"]["rate_limit"]["limit"] == 20


def test_sigterm_waits_for_a_client_whose_origin_is_done(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    body = b"x" * 3_000_000
    origin.scripts["/v.ts"] = answer(body)
    with socket.create_connection(("127.0.0.1", service.port), HANG) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        path = f"/api?url={quote(origin.url + '/v.ts', safe='')}&token={token['X-Session-Token']}"
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        received = client.recv(1000)
        service.process.send_signal(signal.SIGTERM)
        while chunk := client.recv(100_000):
            received += chunk
    assert received.endswith(body)
    assert service.process.wait(HANG) == 0


def test_a_stream_that_outlasts_the_end_is_visibly_cut(service: Service, origin: Origin, token: dict[str, str]) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Transfer-Encoding": "chunked"})
        while True:
            request.wfile.write(b"3\r\nabc\r\n")
            time.sleep(0.05)

    origin.scripts["/live.ts"] = endless
    with socket.create_connection(("127.0.0.1", service.port), HANG) as client:
        path = f"/api?url={quote(origin.url + '/live.ts', safe='')}&token={token['X-Session-Token']}"
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert client.recv(1000)
        service.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionResetError):
            while client.recv(1000):
                pass


def test_digest_of_a_whole_stream_is_right_under_many_readers(
    service: Service, origin: Origin, token: dict[str, str]
) -> None:
    whole = bytes(range(251)) * 20_000
    digest = hashlib.sha256(whole).hexdigest()

    def large(request: BaseHTTPRequestHandler) -> None:
        send_head(request, 200, {"Content-Length": str(len(whole))})
        request.wfile.write(whole)

    origin.scripts["/v.ts"] = large
    bodies: list[str] = []

    def read() -> None:
        body = service.media(f"{origin.url}/v.ts", token).body
        bodies.append(hashlib.sha256(body).hexdigest())

    readers = [threading.Thread(target=read) for _ in range(30)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(HANG)
    assert bodies == [digest] * 30


def test_systemd_is_told_of_the_start_each_reload_and_the_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(HANG)
        service = Service.start(tmp_path / "service", tiers_text(), environ={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert channel.recv(1000) == b"READY=1"
        service.reload()
        assert channel.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert channel.recv(1000) == b"READY=1"
        service.stop()
        assert channel.recv(1000) == b"STOPPING=1"


def test_an_admin_socket_that_is_in_use_is_not_taken(start_service: StartService, tmp_path: Path) -> None:
    admin = tmp_path / "admin.sock"
    start_service(tiers_text(), "--admin", str(admin))
    with pytest.raises(AssertionError, match="another service does; choose another with --admin"):
        start_service(tiers_text(), "--admin", str(admin))


def test_the_admin_listener_can_be_a_unix_socket_that_outlives_a_crash(
    start_service: StartService, tmp_path: Path
) -> None:
    admin = tmp_path / "admin.sock"
    first = start_service(tiers_text(), "--admin", str(admin))
    first.process.kill()
    first.process.wait(HANG)
    start_service(tiers_text(), "--admin", str(admin))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(admin))
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b"200 OK" in client.recv(1000)
    assert admin.stat().st_mode & 0o007 == 0
