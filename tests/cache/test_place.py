"""The folder in memory lives as long as its gateway, and no longer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.cache import memory_folder, place
from tests.conftest import StartService
from tests.scripted_origin import Origin, answer
from tests.service import HANG, opened, tiers_text


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that nobody else uses."""
    monkeypatch.setattr(place, "_IN_MEMORY", tmp_path)
    return tmp_path


def test_a_folder_ends_with_who_has_it(memory: Path) -> None:
    with memory_folder() as folder:
        (folder / "body").write_bytes(b"media")
        assert folder.parent == memory
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(memory.iterdir()) == []


def test_one_that_is_alive_is_left_and_one_that_is_dead_is_removed(memory: Path) -> None:
    dead = memory / f"sluicegate-{os.geteuid()}-dead"
    dead.mkdir()
    (dead / "living").touch()
    with memory_folder() as first, memory_folder() as second:
        assert first != second
        assert sorted(memory.iterdir()) == sorted([first, second])


def test_what_is_none_of_a_gateways_is_left(memory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "living").touch()
    prefix = f"sluicegate-{os.geteuid()}-"
    (memory / f"{prefix}notes").mkdir()
    (memory / f"{prefix}link").mkdir()
    (memory / f"{prefix}link" / "living").symlink_to(elsewhere / "living")
    with memory_folder():
        assert (elsewhere / "living").exists()
    assert sorted(left.name for left in memory.iterdir()) == [f"{prefix}link", f"{prefix}notes"]


def folder_of(pid: int) -> Path:
    """The folder that a process holds locked."""
    return next(Path(file).parent for file in opened(pid) if file.endswith("/living"))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_of_a_gateway_is_left_in_memory_after_the_next_start(
    start_service: StartService, origin: Origin, ending: signal.Signals
) -> None:
    origin.scripts["/v.ts"] = answer(b"media", Cache_Control="max-age=60")
    service = start_service(tiers_text(origin.url))
    token = {"X-Session-Token": service.token(service.add_key("acme", "standard"))}
    assert service.media(f"{origin.url}/v.ts", token).body == b"media"
    folder = folder_of(service.process.pid)
    assert any((folder / "bodies").iterdir())
    service.process.send_signal(ending)
    service.process.wait(HANG)
    assert folder.exists() == (ending is signal.SIGKILL)
    start_service(tiers_text(origin.url))
    assert not folder.exists()
