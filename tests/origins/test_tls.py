"""TLS to origins: a certificate that does not verify is no origin."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pycurl
import pytest
from tornado.ioloop import IOLoop

from gateway.origins.client import OriginClient
from gateway.origins.failure import Failure
from gateway.origins.fetcher import Fetcher
from gateway.origins.guard import Guard
from gateway.origins.pattern import OriginPattern
from gateway.origins.url import MediaUrl
from gateway.problem import OriginUnreachable
from tests.scripted_origin import Origin, answer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own authority for 127.0.0.1, with its key beside it."""
    path = tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    made += ["-subj", "/CN=origin", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key.pem")]
    subprocess.run([*made, "-out", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Origin]:
    origin = Origin.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    assert origin.server is not None
    origin.server.socket = context.wrap_socket(origin.server.socket, server_side=True)
    origin.scripts["/"] = answer(b"secure")
    yield origin
    origin.stop()


async def fetched(origin: Origin) -> bytes:
    url = origin.url.replace("http:", "https:")
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    try:
        async with client.open(MediaUrl.parse(url + "/"), "GET", {}, Guard([OriginPattern.parse(url)])) as found:
            return await found.body.read()
    finally:
        client.close()


async def test_an_origin_with_a_certificate_that_verifies_is_fetched_from(
    io_loop: IOLoop, secure: Origin, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert await fetched(secure) == b"secure"


async def test_a_second_connection_takes_up_the_firsts_session(
    io_loop: IOLoop, secure: Origin, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    resumed: list[bool | None] = []

    def script(request: BaseHTTPRequestHandler) -> None:
        resumed.append(request.connection.session_reused)
        request.close_connection = True
        answer(b"secure", Connection="close")(request)

    secure.scripts["/"] = script
    url = secure.url.replace("http:", "https:")
    client = OriginClient(Fetcher("sluicegate-test", "test", 10))
    for _ in range(3):
        async with client.open(MediaUrl.parse(url + "/"), "GET", {}, Guard([OriginPattern.parse(url)])) as found:
            assert await found.body.read() == b"secure"
    client.close()
    assert resumed == [False, True, True]


async def test_an_origin_with_any_other_certificate_is_not(io_loop: IOLoop, secure: Origin) -> None:
    with pytest.raises(OriginUnreachable, match="its certificate does not verify: no authority that is"):
        await fetched(secure)
    assert secure.asked == []


async def test_an_origin_that_speaks_no_tls_is_not_told_to_mend_its_certificate(io_loop: IOLoop) -> None:
    plain = Origin.start()
    with pytest.raises(OriginUnreachable, match="the TLS handshake failed") as failed:
        await fetched(plain)
    plain.stop()
    assert failed.value.check == "that it speaks TLS 1.2 or later there"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("SSL certificate OpenSSL verify result: certificate has expired (10)", "it has expired"),
        (
            "SSL: no alternative certificate subject name matches target hostname 'expired.example'",
            "it is for another name",
        ),
        ("SSL certificate OpenSSL verify result: self-signed certificate (18)", "no authority that is trusted here"),
        ("SSL certificate OpenSSL verify result: unable to get local issuer certificate (20)", "no authority that is"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(said: str, why: str) -> None:
    told = Failure.of(pycurl.E_PEER_FAILED_VERIFICATION, said).told
    assert told.startswith(f"its certificate does not verify: {why}")


def test_a_message_that_is_not_known_adds_nothing() -> None:
    assert Failure.of(pycurl.E_PEER_FAILED_VERIFICATION, "?").told == "its certificate does not verify"
