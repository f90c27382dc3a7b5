"""``main.py sign``, as an operator types it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from commands.sign import sign as command
from gateway.identity import Grants, KeyFile, Keyring, Keys, read_keys
from gateway.playback.scopes import LONGEST
from tests.commands.test_command_line import run
from tests.scripted_origin import Origin, answer
from tests.service import Service, tiers_text

FILM = "https://media.example.com/a/film.mp4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a gateway, with a key of acme on the tier standard."""
    (tmp_path / "tiers.yaml").write_text(tiers_text())
    (tmp_path / ".sluicegate").mkdir()
    ring = Keyring.generate()
    ring.write_new(tmp_path / ".sluicegate/keyring.json")
    KeyFile(tmp_path / "keys.yaml", ring.pepper, time.time).add("acme", "standard")
    return tmp_path


def key_file(folder: Path) -> KeyFile:
    return KeyFile(folder / "keys.yaml", Keyring.load(folder / ".sluicegate/keyring.json").pepper, time.time)


def sign(folder: Path, *arguments: str, key: str = "acme", **environment: str) -> Result:
    """In this process: each is quick, and there are many."""
    places = {"TIERS": "tiers.yaml", "KEYS": "keys.yaml", "STATE": ".sluicegate"}
    environment |= {f"SLUICEGATE_{name}": str(folder / place) for name, place in places.items()}
    return CliRunner().invoke(command, ["--key", key, *arguments], env=environment)


def test_it_prints_an_address_that_plays(service: Service, origin: Origin) -> None:
    origin.scripts["/a/film.mp4"] = answer(b"video")
    service.add_key("acme", "standard")
    files = [
        "--state",
        str(service.keyring.parent),
        "--keys",
        str(service.keys),
        "--gateway",
        "https://gw.example.com/",
    ]
    signed = run(service.folder, "sign", f"{origin.url}/a/film.mp4?x=1", "--key", "acme", *files)
    address = signed.stdout.removesuffix("\n")
    assert address.startswith("https://gw.example.com/play/")
    assert service.get(address.removeprefix("https://gw.example.com")).body == b"video"
    assert f"opens only {origin.url}/a/film.mp4; playing can begin until 20" in signed.stderr


def test_it_says_to_machines_what_it_opens_and_until_when(folder: Path) -> None:
    key_id = key_file(folder).records()[0].id
    told = json.loads(sign(folder, FILM, "--lifetime", "2h", "--json", key=key_id).stdout)
    assert told["url"].startswith("http://127.0.0.1:8080/play/")
    assert told["url"].endswith("/media.example.com/a/film.mp4")
    assert (told["opens"], told["key_id"], told["tier"], told["expires_in"]) == (FILM, key_id, "standard", 7200)
    assert abs(told["expires_at"] - 7200 - time.time()) < 60


@pytest.mark.parametrize(
    ("url", "arguments", "opens"),
    [
        (FILM, [], FILM),
        ("https://media.example.com/a/b/m.m3u8", [], "https://media.example.com/a/b/"),
        ("https://media.example.com/m.MPD?x=/y/", [], "https://media.example.com/"),
        ("https://media.example.com/a/b/m.m3u8", ["--prefix", "/a/"], "https://media.example.com/a/"),
        (FILM, ["--prefix", "/a/"], "https://media.example.com/a/"),
        ("https://MEDIA.example.com:443/a/b/m.m3u8", [], "https://media.example.com/a/b/"),
    ],
)
def test_it_opens_a_file_alone_or_a_manifests_directory_or_a_prefix(
    folder: Path, url: str, arguments: list[str], opens: str
) -> None:
    told = json.loads(sign(folder, url, *arguments, "--json").stdout)
    assert told["opens"] == opens
    ring = Keyring.load(folder / ".sluicegate/keyring.json")
    keys = Keys(read_keys(folder / "keys.yaml"), {}, ring.pepper, {"standard"})
    grant = Grants(ring, time.time).verify(told["url"].split("/")[4], keys, 21600)
    assert grant.scope.origin + grant.scope.prefix == opens


def test_each_address_begins_a_viewing_of_its_own(folder: Path) -> None:
    """Or all that ever got one would share a seat of the tier's."""
    grants = [json.loads(sign(folder, FILM, "--json").stdout)["url"].split("/")[4] for _ in range(2)]
    assert len({jwt.decode(grant, options={"verify_signature": False})["sid"] for grant in grants}) == 2


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        (
            "https://media.example.org/a",
            "acme",
            "Origin not allowed: https://media.example.org is not among the origins",
        ),
        ("http://10.0.0.1/a", "acme", "Origin not allowed: "),
        ("film.mp4", "acme", "Invalid url: The url must be absolute"),
        ("http://me@media.example.com/", "acme", "Invalid url: "),
        (FILM, "public_api_key", "Access denied: The tier public cannot stream media."),
        (FILM, "open-public", "Access denied: The tier public cannot stream media."),
    ],
)
def test_it_refuses_what_the_gateway_would_in_the_same_words(folder: Path, url: str, key: str, told: str) -> None:
    refused = sign(folder, url, key=key)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert told in refused.stderr


def test_a_name_that_nobody_has_is_a_usage_error(folder: Path) -> None:
    refused = sign(folder, FILM, key="acm")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "no key and no client has this name; did you mean acme?" in " ".join(refused.stderr.split())


def test_it_refuses_a_dead_key_and_a_name_that_stands_for_two(folder: Path) -> None:
    first = key_file(folder).records()[0].id
    second = key_file(folder).add("acme", "standard").id
    refused = sign(folder, FILM)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert first in refused.stderr
    assert second in refused.stderr
    key_file(folder).revoke(first)
    assert "it was revoked" in sign(folder, FILM, key=first).stderr
    assert json.loads(sign(folder, FILM, "--json").stdout)["key_id"] == second


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--lifetime", "7h"], "playback: lifetime: is 6h"),
        (["--lifetime", "2"], "is not a duration"),
        (["--prefix", "a/"], "must begin with a slash"),
        (["--prefix", "/b/"], "does not lie beneath /b/; write one of its directories"),
        (["--prefix", "/a"], "does not lie beneath /a;"),
        (["--gateway", "gw.example.com"], "write the gateway's own address"),
        (["--gateway", "https://gw.example.com/x"], "write the gateway's own address"),
    ],
)
def test_an_option_that_would_make_no_good_address_is_told(folder: Path, arguments: list[str], told: str) -> None:
    refused = sign(folder, FILM, *arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert told in " ".join(refused.stderr.split())


def test_a_prefix_that_would_not_fit_into_a_grant_is_told(folder: Path) -> None:
    for length, code in ((LONGEST, 0), (LONGEST + 1, 2)):
        prefix = f"/{'a' * (length - len('https://media.example.com') - 2)}/"
        signed = sign(folder, f"https://media.example.com{prefix}film.mp4", "--prefix", prefix)
        assert signed.exit_code == code
        assert bool(signed.stdout) == (code == 0)
    assert f"have more than {LONGEST} characters" in " ".join(signed.stderr.split())


def test_a_secret_is_not_taken_for_a_name(folder: Path) -> None:
    secret = f"sg_abcdefgh_{'x' * 38}"
    refused = sign(folder, FILM, key=secret)
    assert refused.exit_code == 2
    assert secret not in refused.stderr


def test_the_key_ring_is_the_services(folder: Path, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    shutil.move(folder / ".sluicegate", credentials)
    missing = sign(folder, FILM)
    assert missing.exit_code == 2
    assert ".sluicegate/keyring.json: there is no key ring" in missing.stderr
    assert not (folder / ".sluicegate").exists()
    assert sign(folder, FILM, CREDENTIALS_DIRECTORY=str(credentials)).exit_code == 0
    assert sign(folder, FILM, "--state", str(credentials)).exit_code == 0
    (credentials / "keyring.json").chmod(0o644)
    assert "chmod 600" in sign(folder, FILM, "--state", str(credentials)).stderr
