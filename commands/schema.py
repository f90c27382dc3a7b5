"""``main.py schema``: the JSON Schema of ``tiers.yaml``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from commands import options
from gateway.tiers.schema import schema as made_of


@click.command()
@options.policies
def schema(policies: Path | None) -> None:
    """Print the JSON Schema of tiers.yaml, by which an editor completes, explains and checks it.

    \b
    main.py schema                     as it is in docs/tiers.schema.json
    main.py schema --policies DIR      with your own policies; name the file in the first line of your tiers.yaml:
                                       # yaml-language-server: $schema=tiers.schema.json
    """
    with options.problems_told(Path("tiers.yaml")):
        click.echo(json.dumps(made_of(options.discovered(policies)), indent=2, ensure_ascii=False))
