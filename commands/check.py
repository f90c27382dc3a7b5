"""``main.py check``: whether a ``tiers.yaml`` is right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from commands import options, paint
from gateway.policy import Json
from gateway.tiers import ConfigError, ConfigErrors, TierFile, compile_tiers


@click.command()
@click.argument("tiers", default="tiers.yaml", envvar="SLUICEGATE_TIERS", type=click.Path(path_type=Path))
@options.policies
@click.option("--json", "as_json", is_flag=True, help="Print JSON: good, tiers, origins and errors with their places.")
def check(tiers: Path, policies: Path | None, *, as_json: bool) -> None:
    """Say whether a tiers.yaml is right, and if not, every place where it is wrong. Exits with 1 then.

    \b
    main.py check                    the tiers.yaml of this folder, or the file that SLUICEGATE_TIERS names
    main.py check /tmp/edited.yaml   an edit, before it goes live
    """
    with options.problems_told(tiers):
        content, known = tiers.read_bytes(), options.discovered(policies)
    file: TierFile | None = None
    errors: Sequence[ConfigError] = ()
    try:
        file = compile_tiers(content, known)
    except ConfigErrors as wrong:
        errors = wrong.errors
    if as_json:
        paint.show_json(_told(tiers, file, errors))
    elif file:
        paint.show([paint.good(f"{tiers}: good.") + f" Tiers: {', '.join(file.tiers)}. Origins: {len(file.origins)}."])
    else:
        paint.show(
            (paint.strong(f"{tiers.name}:{it.line}:{it.column}:") + f" {it.what}" for it in errors), on_errors=True
        )
    sys.exit(0 if file else 1)


def _told(tiers: Path, file: TierFile | None, errors: Sequence[ConfigError]) -> Json:
    told: dict[str, Json] = {"file": str(tiers), "good": file is not None}
    told["tiers"] = list(file.tiers) if file else []
    told["origins"] = [str(origin) for origin in file.origins] if file else []
    told["errors"] = [{"line": it.line, "column": it.column, "what": it.what} for it in errors]
    return told
