"""How commands whose exit code 1 is an answer tell what keeps them from answering."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.configuration import explain
from gateway.identity import KeyFileError
from gateway.tiers import ConfigErrors, PluginError

TROUBLE = 2
FILE_ERRORS = (ConfigErrors, KeyFileError, PluginError, OSError)
"""What is raised when the operator's files cannot be read."""


def problems(error: ConfigErrors | KeyFileError | PluginError | OSError, tiers: Path) -> Sequence[str]:
    """One line for each thing that is wrong, beginning with its file, as it was named, and its place."""
    if isinstance(error, ConfigErrors):
        return error.lines(str(tiers))
    return [str(error)] if isinstance(error, PluginError) else explain(error, tiers)


@contextmanager
def trouble_told(tiers: Path) -> Iterator[None]:
    """Tell on standard error what the operator can mend, and exit with 2."""
    try:
        yield
    except FILE_ERRORS as error:
        click.echo("\n".join(problems(error, tiers)), err=True)
        sys.exit(TROUBLE)
