"""The house: which room may know which, and where each library lives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("main.py", "commands", "demo", "gateway", "handlers", "policies")
SOURCES = [file for room in ROOMS for file in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))]

OURS = {room.removesuffix(".py") for room in ROOMS}
HOMES: dict[str, str | tuple[str, ...]] = {
    "jwt": "gateway/identity/",
    "pycurl": "gateway/origins/",
    "ada_url": ("gateway/origins/", "gateway/manifests/"),
    "redis": "gateway/store/",
    "fakeredis": "gateway/store/",
    "cachetools": ("gateway/store/", "gateway/identity/", "gateway/origins/", "gateway/cache/"),
    "prometheus_client": "gateway/service/",
    "yaml": ("gateway/tiers/", "gateway/identity/"),
    "click": ("main.py", "commands/"),
}
"""The few places, mostly one, that use a library."""


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", SOURCES, ids=name)
def test_a_room_knows_only_the_rooms_it_may(file: Path) -> None:
    for module in imports(file):
        room = module.partition(".")[0]
        if name(file).startswith("gateway/"):
            assert room not in {"handlers", "policies", "demo", "commands", "main"}, module
            assert not module.startswith(("tornado.web", "tornado.httpserver")), module
        if name(file).startswith("handlers/"):
            assert room not in {"policies", "demo", "commands", "main"}, module
        if name(file).startswith("policies/") and room in {
            "gateway",
            "handlers",
            "demo",
            "commands",
            "main",
            "policies",
        }:
            assert module == "gateway.policy"


@pytest.mark.parametrize("file", SOURCES, ids=name)
def test_a_library_has_one_home(file: Path) -> None:
    for module in imports(file):
        home = HOMES.get(module.partition(".")[0])
        assert home is None or name(file).startswith(home), f"{module} in {name(file)}"


@pytest.mark.parametrize("file", SOURCES, ids=name)
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 50, f"{node.name} has {length} lines"


@pytest.mark.parametrize("file", SOURCES, ids=name)
def test_every_file_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text())) or file.name == "__init__.py"
