"""Options that several commands share, each also an environment variable, and how they tell what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.configuration import explain
from gateway.identity import KeyFileError, KeyringError
from gateway.policy import Policy
from gateway.problem import OriginNotAllowed
from gateway.service.settings import bundled_policies
from gateway.tiers import ConfigErrors, PluginError, discover

_PATH = click.Path(path_type=Path)


def option(
    flag: str,
    told: str,
    default: str | int | None,
    kind: click.ParamType[object] | None = None,
    also: Sequence[str] = (),
) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """An option that ``SLUICEGATE_<FLAG>`` sets too, and after it the variables in ``also``."""
    variables = [f"SLUICEGATE_{flag.removeprefix('--').upper()}", *also]
    return click.option(
        flag, default=default, type=kind, help=told, envvar=variables, show_envvar=True, show_default=default != ""
    )


tiers = option("--tiers", "What each tier may do.", "tiers.yaml", _PATH)
keys = option("--keys", "The customers' keys, hashes only.", "keys.yaml", _PATH)
state = option(
    "--state",
    "Where the secrets are kept; they are made at the first start.",
    ".sluicegate",
    _PATH,
    also=["STATE_DIRECTORY"],
)
cache = option(
    "--cache",
    "Where bodies are kept on disk, if tiers.yaml says so under cache:.",
    ".sluicegate/cache",
    _PATH,
    also=["CACHE_DIRECTORY"],
)
policies = option("--policies", "A folder of your own policies, beside those that come with it.", None, _PATH)
address = option("--address", "The address to serve customers on.", "127.0.0.1")
port = option("--port", "The port to serve customers on; 0 for any free one.", 8080, click.IntRange(0, 65535))
admin = option(
    "--admin",
    "Where /healthz, /readyz and /metrics are: host:port, or the path of a unix socket. Of several workers, the second"
    " has the next port, or the path with .1 behind it, and so on.",
    "127.0.0.1:9090",
)
style = click.option("--json", "style", flag_value="json", default="people", help="For machines.")


def discovered(folder: Path | None) -> dict[str, type[Policy]]:
    """The policies that come with the gateway, and those of a provider's own folder; raise `PluginError`."""
    return discover(bundled_policies(), *([folder] if folder else []))


@contextmanager
def problems_told(tiers_file: Path) -> Iterator[None]:
    """Tell what the operator can mend, with its place, on standard error, and exit with 1."""
    try:
        yield
    except (ConfigErrors, KeyFileError, OSError) as error:
        _fail(explain(error, tiers_file))
    except (KeyringError, PluginError, OriginNotAllowed) as error:
        _fail([str(error)])


def _fail(lines: Sequence[str]) -> None:
    click.echo("\n".join(lines), err=True)
    sys.exit(1)
