"""The command line, as an operator types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.configuration import explain
from tests.conftest import StartService, free_port
from tests.service import ROOT, tiers_text

KEY = re.compile(r"sg_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiers.yaml").write_text(tiers_text())
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["serve"],
        ["demo"],
        ["check"],
        ["keys"],
        ["keys", "add"],
        ["keys", "list"],
        ["keys", "rotate"],
        ["keys", "revoke"],
        ["sign"],
        ["explain"],
        ["diagnose"],
        ["diff"],
        ["schema"],
    ],
)
def test_every_command_teaches(folder: Path, command: list[str]) -> None:
    told = run(folder, *command, "--help")
    assert told.returncode == 0
    assert "Usage:" in told.stdout
    assert len(told.stdout.splitlines()) > 5


def test_every_option_of_serve_is_an_environment_variable_too(folder: Path) -> None:
    told = " ".join(run(folder, "serve", "--help").stdout.split())
    for name in ("ADDRESS", "PORT", "ADMIN", "TIERS", "KEYS", "STATE", "REDIS", "POLICIES", "WORKERS"):
        assert f"SLUICEGATE_{name}" in told
    refused = run(folder, "serve", SLUICEGATE_PORT="x")
    assert (refused.returncode, "'x' is not a valid integer" in refused.stderr) == (2, True)


def test_more_than_one_worker_without_redis_is_refused(folder: Path) -> None:
    refused = run(folder, "serve", "--workers", "2")
    assert refused.returncode == 2
    assert "--redis" in refused.stderr


def test_check_tells_a_good_file_from_a_bad_one_with_every_place(folder: Path) -> None:
    good = run(folder, "check")
    assert (good.returncode, good.stderr) == (0, "")
    assert "public, standard, partner" in good.stdout
    bad = folder / "edited.yaml"
    bad.write_text(tiers_text().replace("10/60s", "10/1:30").replace("streaming: false", "steaming: false"))
    told = run(folder, "check", "edited.yaml")
    assert (told.returncode, told.stdout) == (1, "")
    places = [line.split(" ")[0] for line in told.stderr.splitlines()]
    assert places == ["edited.yaml:6:17:", "edited.yaml:7:5:"]
    assert "streaming" in told.stderr
    assert run(folder, "check", "nowhere.yaml").returncode == 1


def test_check_tells_machines_the_same(folder: Path) -> None:
    good = json.loads(run(folder, "check", "--json").stdout)
    assert (good["good"], good["tiers"], good["errors"]) == (True, ["public", "standard", "partner"], [])
    assert good["origins"] == ["https://*.example.com"]
    (folder / "edited.yaml").write_text(tiers_text().replace("10/60s", "10/1:30"))
    told = run(folder, "check", "edited.yaml", "--json")
    bad = json.loads(told.stdout)
    assert (told.returncode, bad["good"], bad["file"]) == (1, False, "edited.yaml")
    assert [(it["line"], it["column"]) for it in bad["errors"]] == [(6, 17)]
    assert "such as 60s" in bad["errors"][0]["what"]


def test_check_looks_at_the_file_that_the_service_is_told_of(folder: Path) -> None:
    (folder / "service.yaml").write_text(tiers_text().replace("10/60s", "10/60"))
    told = run(folder, "check", SLUICEGATE_TIERS="service.yaml")
    assert (told.returncode, told.stderr.startswith("service.yaml:")) == (1, True)


def test_a_file_that_cannot_be_read_is_named_first(folder: Path) -> None:
    assert run(folder, "check", "edited.yaml").stderr == "edited.yaml: No such file or directory\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask as another user")
def test_as_root_whoever_may_not_read_a_file_is_named() -> None:
    with TemporaryDirectory() as closed:
        edited = Path(closed, "edited.yaml")
        edited.write_text(tiers_text())
        with pytest.raises(PermissionError) as refused, as_nobody():
            edited.read_bytes()
        with as_nobody():
            told = explain(refused.value, edited)
    assert told == [f"{edited}: Permission denied; the user nobody must be let in"]


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_the_service_s_command_line_has_the_service_s_settings(folder: Path) -> None:
    """The script of systemd/, with this folder in place of the machine's, and without another user."""
    (folder / "edited.yaml").write_text(tiers_text())
    settings = [
        "# a password may hold what a shell would take for its own",
        "SLUICEGATE_REDIS=redis://:a&b(c$d@10.0.0.5/0",
        f'SLUICEGATE_TIERS="{folder}/edited.yaml"',
        "SLUICEGATE_GATEWAY=https://gw.example.com",
    ]
    (folder / "environment").write_text("\n".join(settings))
    script = (ROOT / "systemd/sluicegate").read_text()
    for there, here in {
        "setpriv --reuid=sluicegate --regid=sluicegate --clear-groups ": "",
        "/opt/sluicegate/.venv/bin/python": sys.executable,
        "/opt/sluicegate": str(ROOT),
        "/etc/sluicegate": str(folder),
        "/var/lib/sluicegate": str(folder),
    }.items():
        assert there in script
        script = script.replace(there, here)

    def sluicegate(*arguments: str) -> str:
        told = subprocess.run(["sh", "-c", script, "sh", *arguments], capture_output=True, text=True, check=True)
        return told.stdout

    assert sluicegate("check").startswith(f"{folder}/edited.yaml: good.")
    sluicegate("keys", "add", "acme", "--tier", "standard")
    assert (folder / "keys.yaml").exists()
    address = sluicegate("sign", "https://media.example.com/a.mp4", "--key", "acme")
    assert address.startswith("https://gw.example.com/play/")


def test_the_shipped_file_is_good() -> None:
    assert run(ROOT, "check").returncode == 0


def test_serve_refuses_a_broken_file_at_the_start_with_its_place(folder: Path) -> None:
    (folder / "tiers.yaml").write_text("tiers: {public: {rate_limit: ten}}\n")
    refused = run(folder, "serve", "--port", "0", "--admin", "127.0.0.1:0")
    assert refused.returncode == 1
    assert "tiers.yaml:1:30: 'ten' is not a rate" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_demo_says_which_origin_its_tiers_must_name(folder: Path) -> None:
    origin = str(free_port())
    told = run(folder, "demo", "--port", "0", "--admin", "127.0.0.1:0", "--origin", origin)
    assert (told.returncode, f"add http://127.0.0.1:{origin} to the origins of tiers.yaml" in told.stderr) == (1, True)
    assert not list(folder.rglob("demo.key"))


def test_a_service_that_has_no_keys_says_so_at_the_start(start_service: StartService) -> None:
    start_service(tiers_text()).wait_for_log(r"keys\.yaml, which is not there yet: nobody has a key")


def test_a_port_in_use_is_told_without_a_traceback(folder: Path) -> None:
    refused = run(folder, "serve", "--address", "203.0.113.1", "--port", "80", "--admin", "127.0.0.1:0")
    assert refused.returncode == 1
    assert "cannot listen on 203.0.113.1:80" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_key_is_printed_alone_and_once(folder: Path) -> None:
    added = run(folder, "keys", "add", "acme", "--tier", "standard")
    assert KEY.fullmatch(added.stdout), added
    assert added.stdout.strip() not in (folder / "keys.yaml").read_text()
    listed = run(folder, "keys", "list").stdout
    assert re.search(rf"acme +standard +{added.stdout[3:11]} +alive", listed)
    assert added.stdout.strip() not in listed
    assert (folder / "keys.yaml").stat().st_mode & 0o777 == 0o600


def test_a_tier_that_is_not_there_is_refused_and_the_nearest_named(folder: Path) -> None:
    refused = run(folder, "keys", "add", "acme", "--tier", "standart")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "standard" in refused.stderr
    assert not (folder / "keys.yaml").exists()


def test_rotating_and_revoking_say_what_became_of_the_keys(folder: Path) -> None:
    old = run(folder, "keys", "add", "acme", "--tier", "standard").stdout
    new = run(folder, "keys", "rotate", "acme", "--overlap", "2h").stdout
    assert KEY.fullmatch(new)
    listed = run(folder, "keys", "list").stdout
    assert re.search(rf"{old[3:11]} +until 20", listed)
    assert re.search(rf"{new[3:11]} +alive", listed)
    assert old[3:11] in run(folder, "keys", "revoke", old[3:11]).stderr
    assert new[3:11] in run(folder, "keys", "revoke", "acme").stderr
    assert run(folder, "keys", "list").stdout.count("revoked") == 2
    for wrong in (["keys", "rotate", "acne"], ["keys", "revoke", "acne"]):
        refused = run(folder, *wrong)
        assert (refused.returncode, "did you mean acme" in refused.stderr) == (1, True)
    assert run(folder, "keys", "rotate", "acme", "--overlap", "soon").returncode == 2


def test_settings_that_cannot_serve_are_refused_with_the_option(folder: Path) -> None:
    for arguments, told in (
        (("--redis", "foo"), "--redis"),
        (("--redis", "foo", "--workers", "3"), "--redis"),
        (("--admin", "127.0.0.1:65535", "--workers", "2", "--redis", "redis://x"), "leaves no port"),
        (("--admin", "9090"), "neither host:port"),
        (("--port", "0", "--admin", "/nowhere/admin.sock"), "choose another with --admin"),
    ):
        refused = run(folder, "serve", *arguments)
        assert refused.returncode in {1, 2}
        assert told in refused.stderr
        assert "Traceback" not in refused.stderr


def test_new_secrets_are_told_of_and_never_made_to_look(folder: Path) -> None:
    assert run(folder, "keys", "list").returncode == 0
    assert not (folder / ".sluicegate").exists()
    first = run(folder, "keys", "add", "acme", "--tier", "standard")
    assert "made new secrets" in first.stderr
    assert run(folder, "keys", "add", "acme", "--tier", "standard").stderr == ""


def test_a_link_to_the_file_of_keys_stays_one(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "keys.yaml").symlink_to("real/keys.yaml")
    run(folder, "keys", "add", "acme", "--tier", "standard")
    run(folder, "keys", "revoke", "acme")
    assert (folder / "keys.yaml").is_symlink()
    assert "revoked" in (folder / "real" / "keys.yaml").read_text()


def test_an_overlap_beyond_reason_is_refused(folder: Path) -> None:
    run(folder, "keys", "add", "acme", "--tier", "standard")
    refused = run(folder, "keys", "rotate", "acme", "--overlap", "9999999d")
    assert (refused.returncode, "the longest is 365d" in refused.stderr) == (2, True)
