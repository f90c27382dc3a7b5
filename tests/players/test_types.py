"""sluicegate.js says its types, keeps them, and takes the players' own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.players.site import HERE, WEB

FLAGS = (
    "--noEmit --allowJs --checkJs --strict --target es2022 --lib es2022,dom,dom.iterable --module esnext"
    " --moduleResolution bundler --skipLibCheck"
)


@pytest.mark.parametrize("file", [WEB / "sluicegate.js", HERE / "types.ts"], ids=lambda file: file.name)
def test_the_types_hold(file: Path) -> None:
    command = ["node", str(HERE / "node_modules/typescript/bin/tsc"), *FLAGS.split(), str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
