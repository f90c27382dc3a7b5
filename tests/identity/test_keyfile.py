"""``keys.yaml``: what is kept of keys, and how it changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.identity import KeyFile, KeyFileError, Keyring, Keys, read_keys
from gateway.identity.records import HEADING, format_records, parse_records
from gateway.problem import InvalidKey
from tests.identity.conftest import TIERS, Clock

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


@pytest.fixture
def file(path: Path, keyring: Keyring, clock: Clock) -> KeyFile:
    return KeyFile(path, keyring.pepper, clock)


def known(path: Path, keyring: Keyring) -> Keys:
    return Keys(read_keys(path), {}, keyring.pepper, TIERS)


def test_a_key_that_was_added_is_known_and_not_written_down(
    file: KeyFile, path: Path, keyring: Keyring, clock: Clock
) -> None:
    key = file.add("acme", "standard")
    identity = known(path, keyring).authenticate(key.text, clock())
    assert (identity.client, identity.tier, identity.key_id) == ("acme", "standard", key.id)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.secret not in path.read_text()


def test_rotation_shares_one_counter_and_lets_the_old_key_end(
    file: KeyFile, path: Path, keyring: Keyring, clock: Clock
) -> None:
    old = file.add("acme", "standard")
    new = file.rotate("acme", 3600)
    newest = file.rotate("acme", 3600)
    keys = known(path, keyring)
    counters = {keys.authenticate(key.text, clock()).counter_id for key in (old, new, newest)}
    assert counters == {old.id}
    clock.now += 3600
    for ended in (old, new):
        with pytest.raises(InvalidKey):
            keys.authenticate(ended.text, clock())
    assert keys.authenticate(newest.text, clock())


def test_revoking_ends_one_key_or_all_of_a_clients(file: KeyFile, path: Path, keyring: Keyring, clock: Clock) -> None:
    first, second, third = file.add("acme", "standard"), file.add("acme", "standard"), file.add("other", "partner")
    assert file.revoke(first.id) == (first.id,)
    assert file.revoke("acme") == (second.id,)
    assert file.revoke("acme") == ()
    keys = known(path, keyring)
    assert keys.authenticate(third.text, clock())
    for dead in (first, second):
        with pytest.raises(InvalidKey):
            keys.authenticate(dead.text, clock())


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda file: file.add("acme", "partner"), "on the tier standard"),
        (lambda file: file.add("not a name", "standard"), "not a client's name"),
        (lambda file: file.rotate("acne", 60), "did you mean acme"),
        (lambda file: file.revoke("acne"), "did you mean acme"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(file: KeyFile, path: Path, act: object, told: str) -> None:
    file.add("acme", "standard")
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match=told):
        act(file)  # type: ignore[operator]
    assert path.read_bytes() == before


def test_changes_at_the_same_time_lose_nothing(path: Path) -> None:
    program = (
        "import sys, pathlib; from gateway.identity import KeyFile; "
        "file = KeyFile(pathlib.Path(sys.argv[1]), bytes(range(32)), lambda: 1.0); "
        "[file.add(sys.argv[2], 'standard') for _ in range(10)]"
    )
    command = [sys.executable, "-c", program, str(path)]
    writers = [subprocess.Popen([*command, f"client-{n}"], cwd=ROOT) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert len(read_keys(path)) == 40


GOOD = (
    "clients:\n  acme:\n    tier: standard\n    keys:\n"
    "    - id: abcd1234\n      hash: '{hash}'\n      created: {created}\n"
)
HASH, CREATED = "ab" * 32, "'2026-11-24T10:00:00+00:00'"


def test_a_file_written_by_hand_is_read(path: Path) -> None:
    path.write_text(GOOD.format(hash=HASH, created=CREATED))
    path.chmod(0o600)
    assert read_keys(path)[0].client == "acme"


def with_key(**change: str) -> str:
    """A file with one key, of which some fields are written otherwise, left out (if empty) or added."""
    told = {"id": "abcd1234", "hash": HASH, "created": CREATED} | change
    return f"clients: {{acme: {{tier: standard, keys: [{{{', '.join(f'{n}: {v}' for n, v in told.items() if v)}}}]}}}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (with_key(hash="ab"), "64 hexadecimal"),
        (with_key(hash="zz" * 32), "64 hexadecimal"),
        (with_key(hash=""), "hash is missing"),
        (with_key(id="x"), "8 letters"),
        (with_key(id="[x]"), "8 letters"),
        (with_key(id="!!int 5"), "tags are not read"),
        (with_key(created="yesterday"), "with its zone"),
        (with_key(created="2026-11-24"), "with its zone"),
        (with_key(expires="2026-11-24T10:00:00"), "with its zone"),
        (with_key(revoked="{}"), "with its zone"),
        (with_key(counter="[x]"), "a counter is"),
        (with_key(counter="'a}{b'"), "a counter is"),
        (with_key(colour="red"), "colour is not known here; a key has id"),
        (with_key().replace("standard", "[standard]"), "tier must be"),
        (with_key().replace("acme", "a me"), "client's name"),
        (GOOD.format(hash=HASH, created=CREATED) + "  acme: {}\n", ":8:3: acme stands twice"),
        (GOOD.format(hash=HASH, created=CREATED) * 2, ":8:1: clients stands twice"),
        (
            GOOD.format(hash=HASH, created=CREATED) + f"    - {{id: abcd1234, hash: {HASH}, created: {CREATED}}}\n",
            ":8:7: the key id abcd1234 stands twice",
        ),
        ("clients: [1]\n", "one mapping"),
        ("- a\n", "one mapping"),
        ("clients: {}\nmore: {}\n", ":2:1: more is not known"),
        ("clients: {acme: {tier: standard, keys: {}}}\n", ":1:40: keys must be a list"),
        ("clients: {a: *b}\n", ":1:14: anchors"),
        ("&a [*a]", ":1:1: anchors"),
        ("{", "this is not YAML"),
        ("clients: {}\n---\nclients: {}\n", "this is not YAML"),
        ("clients: \x00", "control character"),
        ("[" * 200_000, "too deeply"),
        ("- " * 200_000, "too deeply"),
        ("!!python/object:os.system {}\n", ":1:1: .*tags are not read"),
    ],
)
def test_a_malformed_file_is_refused_with_the_reason(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=told) as refused:
        read_keys(path)
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", str(refused.value))


@pytest.mark.parametrize("text", ["", "clients:\n", "clients: {}\n", "# nothing yet\n", HEADING])
def test_a_file_without_clients_and_a_missing_one_have_no_keys(path: Path, text: str) -> None:
    assert read_keys(path) == ()
    path.write_text(text)
    path.chmod(0o600)
    assert read_keys(path) == ()


def test_words_that_yaml_takes_for_something_else_stay_words(file: KeyFile) -> None:
    for name in ("null", "yes", "1e3", "0x1F", "2026-11-24"):
        file.add(name, "standard")
    assert [record.client for record in file.records()] == ["null", "yes", "1e3", "0x1F", "2026-11-24"]


def test_what_is_written_is_read_back_the_same(file: KeyFile) -> None:
    file.add("acme", "standard")
    file.rotate("acme", 60)
    file.revoke("acme")
    file.add("other", "partner")
    records = file.records()
    assert parse_records(format_records(records)) == records


def test_the_file_belongs_to_whom_its_folder_belongs_to_even_when_root_writes_it(tmp_path: Path, clock: Clock) -> None:
    service = 12345 if os.geteuid() == 0 else os.geteuid()
    folder = tmp_path / "etc"
    folder.mkdir()
    os.chown(folder, service, -1)
    file = KeyFile(folder / "keys.yaml", bytes(range(32)), clock)
    for _ in range(2):
        file.add("acme", "standard")
        assert {path.stat().st_uid for path in folder.iterdir()} == {service}


def test_a_change_leaves_nothing_behind_but_the_file_and_its_lock(file: KeyFile, path: Path) -> None:
    file.add("acme", "standard")
    with pytest.raises(KeyFileError):
        file.rotate("nobody", 60)
    assert {found.name for found in path.parent.iterdir()} == {"keys.yaml", ".keys.yaml.lock"}


def test_rotation_never_gives_an_old_key_a_longer_life(
    file: KeyFile, path: Path, keyring: Keyring, clock: Clock
) -> None:
    old = file.add("acme", "standard")
    file.rotate("acme", 60)
    file.rotate("acme", 3600)
    clock.now += 60
    with pytest.raises(InvalidKey):
        known(path, keyring).authenticate(old.text, clock())


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(path)
