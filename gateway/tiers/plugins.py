"""Policies as plugins: one file of a folder is one policy, and its file name is its name in ``tiers.yaml``."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import sys
import traceback
import typing
from pathlib import Path
from types import ModuleType
from typing import cast

from gateway.policy import Policy
from gateway.tiers.fields import options, reader
from gateway.tiers.policies import RESERVED_FIELDS, RESERVED_NAMES

PolicyClass = type[Policy]


class PluginError(ValueError):
    """A file that is to be a policy is none; the message names the file and says what would be right."""


def discover(*folders: Path) -> dict[str, PolicyClass]:
    """The policies of these folders by name; files that begin with an underscore are none. Raises `PluginError`."""
    found: dict[str, Path] = {}
    for folder in folders:
        for file in _files(folder):
            if file.stem in found:
                raise PluginError(f"{file}: there is a policy {file.stem} already, {found[file.stem]}; rename the file")
            found[file.stem] = file
    return {name: _policy(file, _imported(file)) for name, file in found.items()}


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise PluginError(f"{folder} is not a folder; name one that holds a Python file for each policy")
    files = [file for file in sorted(folder.absolute().glob("*.py")) if not file.name.startswith("_")]
    for file in files:
        if file.stem in RESERVED_NAMES:
            raise PluginError(f"{file}: {file.stem} has a meaning of its own in tiers.yaml; rename the file")
    return files


def _imported(file: Path) -> ModuleType:
    # A name that no import statement can reach: the file is found by its path, never by sys.path.
    name = f"sluicegate policy {file.stem} {hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file}: this is not a Python file; name it so")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up their module there
    try:
        spec.loader.exec_module(module)
    except (
        Exception
    ) as error:  # importing runs the plugin's code, which may raise anything; each is told with its place
        del sys.modules[name]
        raise PluginError(f"{_place(file, error)}: policy {file.stem}: {type(error).__name__}: {error}") from error
    return module


def _place(file: Path, error: Exception) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{error.filename}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{lines[-1]}" if lines else str(file)


def _policy(file: Path, module: ModuleType) -> PolicyClass:
    classes = [value for value in vars(module).values() if isinstance(value, type) and hasattr(value, "admit")]
    own = [cls for cls in dict.fromkeys(classes) if cls.__module__ == module.__name__]
    if len(own) != 1:
        names = ", ".join(cls.__name__ for cls in own) or "none"
        raise PluginError(f"{file}: it must define one class with a method admit; it defines {names}")
    cls = own[0]
    if not dataclasses.is_dataclass(cls) or not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise PluginError(f"{file}: {cls.__name__} must be a @dataclass(frozen=True), its fields being its options")
    _require_admit(file, cls)
    _require_kinds(file, cls)
    _require_readable(file, cls)
    return cast("PolicyClass", cls)


def _require_admit(file: Path, cls: type) -> None:
    """Only an async generator function can be entered and left; anything else would fail at every request."""
    admit = inspect.getattr_static(cls, "admit")
    if not inspect.isasyncgenfunction(admit) or len(inspect.signature(admit).parameters) != 2:
        right = "async def admit(self, call: Call) -> AsyncIterator[None], with one yield in it"
        raise PluginError(f"{file}: the method admit of {cls.__name__} must be {right}")


def _require_kinds(file: Path, cls: type) -> None:
    """A judge that is awaited by nobody would let everything pass, and a report that cannot be awaited fails late."""
    if inspect.iscoroutinefunction(getattr(cls, "judge", None)):
        raise PluginError(f"{file}: the method judge of {cls.__name__} must be plain: def judge(self, call, media)")
    report = getattr(cls, "report", None)
    if report is not None and not inspect.iscoroutinefunction(report):
        raise PluginError(
            f"{file}: the method report of {cls.__name__} must be a coroutine: async def report(self, call)"
        )


def _require_readable(file: Path, cls: type) -> None:
    try:
        annotations = typing.get_type_hints(cls)
    except NameError as error:
        raise PluginError(f"{file}: an annotation of {cls.__name__}: {error}; import it at run time") from error
    for name in options(cls):
        if name in RESERVED_FIELDS:
            raise PluginError(f"{file}: every policy has {name} already; rename the field")
        try:
            reader(annotations[name])
        except TypeError as error:
            raise PluginError(f"{file}: the field {name} of policy {file.stem}: {error}") from error
