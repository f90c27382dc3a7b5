"""Policies as plugins: one file of a folder is one policy, and its file name is its name in ``tiers.yaml``."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import sys
import traceback
import typing
from pathlib import Path
from types import ModuleType
from typing import cast

from gateway.policy import Policy
from gateway.tiers.fields import reader

PolicyClass = type[Policy]


class PluginError(ValueError):
    """A file that is to be a policy is none; the message names the file and says what would be right."""


def discover(*folders: Path) -> dict[str, PolicyClass]:
    """The policies of these folders by name; files that begin with an underscore are none. Raises `PluginError`."""
    found: dict[str, PolicyClass] = {}
    for folder in folders:
        if not folder.is_dir():
            raise PluginError(f"{folder} is not a folder of policies")
        for file in sorted(folder.glob("*.py")):
            if file.name.startswith("_"):
                continue
            if file.stem in found:
                raise PluginError(f"{file}: there is a policy {file.stem} already; rename the file")
            found[file.stem] = _policy(file, _imported(file))
    return found


def _imported(file: Path) -> ModuleType:
    # A name that no import statement can reach: the file is found by its path, never by sys.path.
    name = f"sluicegate policy {file.stem} {hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file}: this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up their module there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a plugin may raise anything; each is told with its place
        raise PluginError(f"{_place(file, error)}: policy {file.stem}: {type(error).__name__}: {error}") from error
    return module


def _place(file: Path, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{file}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{lines[-1]}" if lines else str(file)


def _policy(file: Path, module: ModuleType) -> PolicyClass:
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "admit")
    ]
    if len(own) != 1:
        raise PluginError(f"{file}: it must define one class with a method admit; it defines {len(own)}")
    cls = own[0]
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise PluginError(f"{file}: {cls.__name__} must be a @dataclass(frozen=True), its fields being its options")
    _require_readable(file, cls)
    return cast("PolicyClass", cls)


def _require_readable(file: Path, cls: type) -> None:
    for name, annotation in typing.get_type_hints(cls).items():
        try:
            reader(annotation)
        except TypeError as error:
            raise PluginError(f"{file}: the field {name}: {error}") from error
