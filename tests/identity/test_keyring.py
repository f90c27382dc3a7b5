"""The server's secrets on disk."""

from __future__ import annotations

import base64
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


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"signing_kid": "other"}, "not among the secrets"),
        ({"secrets": {"k": base64.b64encode(b"short").decode()}}, "at least 32"),
        ({"secrets": {"k": base64.b64encode(b"a" * 40).decode()}}, "not random"),
        ({"secrets": {"k": base64.b64encode(b"your-256-bit-secret-your-256-bit-secret").decode()}}, "example"),
        ({"secrets": {"k": base64.b64encode(b"a-string-secret-at-least-256-bits-long").decode()}}, "example"),
        ({"secrets": {"k k": base64.b64encode(bytes(range(32))).decode()}, "signing_kid": "k k"}, "letters"),
        ({"secrets": {"k": "!!"}}, "keyring.json"),
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
