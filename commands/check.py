"""``main.py check``: whether a ``tiers.yaml`` is right."""

from __future__ import annotations

from pathlib import Path

import click

from commands import options
from gateway.tiers import compile_tiers


@click.command()
@click.argument("tiers", default="tiers.yaml", type=click.Path(path_type=Path))
@options.policies
def check(tiers: Path, policies: Path | None) -> None:
    """Say whether a tiers.yaml is right, and if not, every place where it is wrong. Exits with 1 then.

    \b
    main.py check                    the tiers.yaml of this folder
    main.py check /tmp/edited.yaml   an edit, before it goes live
    """
    with options.problems_told(tiers):
        file = compile_tiers(tiers.read_bytes(), options.discovered(policies))
        click.echo(f"{tiers}: good. Tiers: {', '.join(file.tiers)}. Origins: {len(file.origins)}.")
