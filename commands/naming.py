"""Whom ``--key`` names: a typing error is no answer about a key."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gateway.explanation import Dead, Living


def somebody(named: Sequence[Living | Dead]) -> Sequence[Living | Dead]:
    """The keys that a name stands for, living or dead; raise `click.BadParameter` if nobody has it."""
    for key in named:
        if isinstance(key, Dead) and not key.is_known:
            raise click.BadParameter(f"{key.key_id!r}: {key.why}", param_hint="--key")
    return named
