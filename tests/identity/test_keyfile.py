"""``keys.yaml``: what is kept of keys, and how it changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.identity import KeyFile, KeyFileError, Keyring, Keys, Slowdown, read_keys
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.format(hash="ab", created=CREATED), "64 hexadecimal"),
        (GOOD.format(hash="zz" * 32, created=CREATED), "acme"),
        (GOOD.format(hash=HASH, created="yesterday"), "acme"),
        (GOOD.format(hash=HASH, created=CREATED) + "      colour: red\n", "a key has id"),
        (GOOD.format(hash=HASH, created=CREATED) + "  acme: {}\n", "stands twice"),
        (GOOD.format(hash=HASH, created=CREATED) * 2, "stands twice"),
        (GOOD.format(hash=HASH, created=CREATED).replace("abcd1234", "x"), "8 letters"),
        ("clients: [1]\n", "one mapping"),
        ("- a\n", "one mapping"),
        ("clients: {acme: {tier: standard, keys: {}}}\n", "must be a list"),
        ("clients: {a: *b}\n", "line 1"),
        ("{", "line"),
        ("!!python/object:os.system {}\n", "python"),
    ],
)
def test_a_malformed_file_is_refused_with_the_reason(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=told) as refused:
        read_keys(path)
    assert str(path) in str(refused.value)


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    path.write_text("")
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(path)


def test_failures_are_answered_slower_and_slower_per_address(clock: Clock) -> None:
    slowdown = Slowdown(clock)
    waits = [slowdown.failed("10.0.0.1") for _ in range(12)]
    assert waits[:5] == [0.0] * 5
    assert waits[5:9] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits[9:] == [1.0] * 3
    assert slowdown.failed("10.0.0.2") == 0.0
    clock.now += 61
    assert slowdown.failed("10.0.0.1") == 0.0
