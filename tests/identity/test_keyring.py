"""The server's secrets on disk."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.identity import Keyring, KeyringError, keyring_path

ROOT = Path(__file__).parents[2]


def test_a_ring_is_made_once_privately_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keyring.json"
    made, new = Keyring.load_or_create(path)
    assert new
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.load_or_create(path) == (made, False)
    assert [file.name for file in path.parent.iterdir()] == ["keyring.json"]
    shown = repr(made)
    assert repr(made.pepper) not in shown
    assert repr(made.secrets[made.signing_kid]) not in shown


def test_first_starts_at_the_same_time_agree_on_one_ring(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from gateway.identity import Keyring; "
        "print(Keyring.load_or_create(pathlib.Path(sys.argv[1]))[0].signing_kid)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "keyring.json")]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(6)]
    assert len({start.communicate()[0] for start in starts}) == 1


def written(tmp_path: Path, **change: object) -> Path:
    secret = base64.b64encode(bytes(range(32))).decode()
    told = {"signing_kid": "k", "secrets": {"k": secret}, "pepper": secret} | change
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps(told))
    path.chmod(0o600)
    return path


PRINTED = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
PEM = b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"


def of(secret: bytes) -> dict[str, object]:
    return {"secrets": {"k": base64.b64encode(secret).decode()}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"signing_kid": "other"}, "not among the secrets"),
        ({"signing_kid": 1}, "must be a string"),
        (of(b"short"), "at least 32"),
        (of(bytes(range(31))), "at least 32"),
        (of(b"a" * 40), "not random"),
        (of(bytes(64)), "not random"),
        (of(b"abcd" * 16), "not random"),
        (of(b"your-256-bit-secret-your-256-bit-secret"), "example"),
        (of(b"a-string-secret-at-least-256-bits-long"), "example"),
        (of(b"ChangeMe-ChangeMe-0123456789-abcdefgh"), "example"),
        (of(PRINTED.encode()), "example"),
        (of(base64.urlsafe_b64decode(PRINTED + "==")), "example"),
        (of(PEM), "another kind"),
        (of(b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"), "another kind"),
        (of(b'{"kty":"oct","k":"d2hhdGV2ZXIgdGhpcyBtYXkgYmU"}'), "another kind"),
        (of(bytes(range(32))) | {"pepper": base64.b64encode(b"p" * 32).decode()}, "pepper is not random"),
        ({"secrets": {"k k": base64.b64encode(bytes(range(32))).decode()}, "signing_kid": "k k"}, "letters"),
        ({"secrets": {"k": "!!"}}, "is not base64"),
        ({"secrets": {"k": 7}}, "string of base64"),
        ({"secrets": []}, "object"),
        ({"pepper": ""}, "pepper"),
        ({"extra": 1}, "exactly"),
    ],
)
def test_a_ring_that_is_weak_or_malformed_is_refused_with_the_reason(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = written(tmp_path, **change)
    with pytest.raises(KeyringError, match=told) as refused:
        Keyring.load(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value"),
        ("[]", "JSON object"),
        ("[" * 100_000, "nested"),
        ('{"signing_kid": "k", "signing_kid": "k"}', "stands twice"),
        ('{"secrets": NaN}', "NaN"),
    ],
)
def test_a_ring_that_is_not_strict_json_is_refused_with_the_reason(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyringError, match=told) as refused:
        Keyring.load(path)
    assert str(path) in str(refused.value)


def test_the_example_that_looks_random_is_the_one_that_is_printed() -> None:
    """RFC 7515, appendix A.1: what is refused above signs the token that stands there."""
    text = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
        "Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    digest = hmac.digest(base64.urlsafe_b64decode(PRINTED + "=="), text.encode(), hashlib.sha256)
    assert base64.urlsafe_b64encode(digest) == b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk="


def test_no_error_repeats_a_secret(tmp_path: Path) -> None:
    path = written(tmp_path, **of(b"a-string-secret-at-least-256-bits-long"))
    with pytest.raises(KeyringError) as refused:
        Keyring.load(path)
    assert "256-bits" not in str(refused.value)


def test_a_credential_may_look_readable_by_a_group_because_systemd_guards_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.chmod(0o440)
    assert Keyring.load(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).signing_kid == "k"
    for environ in ({}, {"CREDENTIALS_DIRECTORY": ""}, {"CREDENTIALS_DIRECTORY": str(tmp_path / "other")}):
        with pytest.raises(KeyringError, match="chmod 600"):
            Keyring.load(path, environ)


def test_a_ring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.chmod(0o640)
    with pytest.raises(KeyringError, match="chmod 600"):
        Keyring.load(path)


def test_systemds_credential_comes_before_the_state_directory(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert keyring_path(tmp_path, environ) == tmp_path / "keyring.json"
    (credentials / "keyring.json").write_text("{}")
    assert keyring_path(tmp_path, environ) == credentials / "keyring.json"
    assert keyring_path(tmp_path, {}) == tmp_path / "keyring.json"
