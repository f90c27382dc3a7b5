"""The locks: what they pin is all that is needed, on whichever Python that the gateway supports."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11.0", "3.11.2", "3.11.3", "3.12.0", "3.13.0", "3.14.0")
"""Where packages begin or cease to need another. Debian 12 has 3.11.2."""


def pinned(lock: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}


def needed(package: str, python: str) -> set[str]:
    """What an installed package asks for beside itself on Linux, by that Python, without its extras."""
    environment = {"python_full_version": python, "python_version": python.rpartition(".")[0], "extra": ""}
    asked = [Requirement(line) for line in requires(package) or []]
    return {canonicalize_name(each.name) for each in asked if each.marker is None or each.marker.evaluate(environment)}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_what_its_packages_need_on_each_python(lock: str, python: str) -> None:
    locked = pinned(lock)
    missing = {package: needed(package, python) - locked for package in locked}
    assert {package: names for package, names in missing.items() if names} == {}
