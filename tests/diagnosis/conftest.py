"""The command, run in the tests' own process against a scripted origin."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from commands.diagnose import diagnose
from gateway.diagnosis import labels
from tests.diagnosis.broken import serve
from tests.scripted_origin import Origin
from tests.service import tiers_text

WEIGHTS = ("note", "direct", "harms", "stops")


@dataclass(frozen=True)
class Told:
    """What ``diagnose --json`` said."""

    exit: int
    json: Any

    @property
    def sentence(self) -> str:
        return str(self.json["verdict"]["sentence"])

    @property
    def change(self) -> str:
        return next(
            str(each["change"]) for each in self.json["findings"] if each["code"] == self.json["verdict"]["code"]
        )

    def codes(self, least: str = "direct") -> list[str]:
        """The codes of the findings of at least this weight that are not one player's alone, the worst first."""
        heavy = WEIGHTS[WEIGHTS.index(least) :]
        return [each["code"] for each in self.json["findings"] if each["weight"] in heavy and each["player"] is None]

    def players(self) -> set[str]:
        """Which players are stopped."""
        return {each["player"] for each in self.json["findings"] if each["player"] and each["weight"] == "stops"}

    def step(self, name: str) -> Any:
        return next(step for step in self.json["steps"] if step["name"] == name)


Diagnose = Callable[..., Told]


@pytest.fixture
def media(origin: Origin) -> Origin:
    """An origin that serves all of the demo's media, and does it right."""
    for folder in ("hls-ts", "hls-fmp4", "dash", "movie.mp4"):
        serve(origin, folder)
    return origin


@pytest.fixture
def folder(media: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the operator's files lie, and he is."""
    (tmp_path / "tiers.yaml").write_text(tiers_text(media.url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def diagnosed(media: Origin, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """Ask about a path of the origin, or a whole address. A machine that is busy is not an origin that is slow."""
    monkeypatch.setattr(labels, "SLOW", 15.0)

    def run(path: str, *arguments: str) -> Told:
        said = CliRunner().invoke(diagnose, [path if "://" in path else media.url + path, *arguments, "--json"])
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return Told(said.exit_code, json.loads(said.stdout))

    return run
