"""``main.py keys``: make, list, rotate and revoke customers' keys."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from commands import options
from gateway.identity import KeyFile, KeyRecord, Keyring, keyring_path
from gateway.identity.records import iso
from gateway.policy import duration
from gateway.tiers import compile_tiers
from gateway.tiers.fields import nearest

LONGEST_OVERLAP = 365 * 86400


@dataclass(frozen=True)
class Files:
    """What the commands work on."""

    tiers: Path
    keys: Path
    state: Path
    policies: Path | None

    def key_file(self) -> KeyFile:
        """``keys.yaml``, with the pepper of the state directory, which is made if it is not there, and says so."""
        path = keyring_path(self.state, os.environ)
        keyring, made = Keyring.load_or_create(path)
        if made:
            click.echo(f"made new secrets in {path}: a gateway with others will not know this key", err=True)
        return KeyFile(self.keys, keyring.pepper, time.time)

    def without_secrets(self) -> KeyFile:
        """``keys.yaml`` for what makes no key."""
        return KeyFile(self.keys, b"", time.time)


@click.group()
@options.tiers
@options.keys
@options.state
@options.policies
@click.pass_context
def keys(context: click.Context, tiers: Path, keys: Path, state: Path, policies: Path | None) -> None:
    """Make, list, rotate and revoke customers' keys.

    A running gateway sees a change within seconds, or at once on SIGHUP. The secrets under --state must be those that
    the gateway runs with: a key made with others is unknown to it.
    """
    context.obj = Files(tiers, keys, state, policies)


@keys.command()
@click.argument("client")
@click.option("--tier", required=True, help="The client's tier, from tiers.yaml.")
@click.pass_obj
def add(files: Files, client: str, tier: str) -> None:
    """Make a key for CLIENT and print it, alone and once: only a keyed hash of it is kept."""
    with options.problems_told(files.tiers):
        known = compile_tiers(files.tiers.read_bytes(), options.discovered(files.policies)).tiers
        if tier not in known:
            raise click.UsageError(f"there is no tier {tier} in {files.tiers}; {nearest(tier, known)}")
        click.echo(files.key_file().add(client, tier).text)


@keys.command("list")
@click.pass_obj
def list_keys(files: Files) -> None:
    """List all keys: client, tier, id, state, when it was made. No key itself is kept anywhere."""
    with options.problems_told(files.tiers):
        for line in table(files.without_secrets().records(), time.time()):
            click.echo(line)


@keys.command()
@click.argument("client")
@click.option("--overlap", default="24h", show_default=True, help="How long the old keys hold on: 30m, 24h, 7d.")
@click.pass_obj
def rotate(files: Files, client: str, overlap: str) -> None:
    """Make a new key for CLIENT and print it, alone and once. The old ones hold on for a while; all of them count
    toward one limit."""
    with options.problems_told(files.tiers):
        try:
            seconds = duration(overlap)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--overlap") from error
        if seconds > LONGEST_OVERLAP:
            raise click.BadParameter(f"{overlap} is too long; the longest is 365d", param_hint="--overlap")
        click.echo(files.key_file().rotate(client, seconds).text)


@keys.command()
@click.argument("client_or_key_id")
@click.pass_obj
def revoke(files: Files, client_or_key_id: str) -> None:
    """End all keys of a client, or one key by its id, and with them their sessions and grants."""
    with options.problems_told(files.tiers):
        revoked = files.without_secrets().revoke(client_or_key_id)
        click.echo(f"revoked: {', '.join(revoked) or 'nothing; it was revoked before'}", err=True)


def table(records: Iterable[KeyRecord], now: float) -> Iterator[str]:
    """The lines of ``keys list``, aligned."""
    rows = [("CLIENT", "TIER", "KEY ID", "STATE", "MADE")]
    rows += [(key.client, key.tier, key.id, _state(key, now), iso(key.created)) for key in records]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _state(key: KeyRecord, now: float) -> str:
    if key.revoked is not None:
        return f"revoked {iso(key.revoked)}"
    if key.expires is None:
        return "alive"
    return f"{'until' if key.alive(now) else 'expired'} {iso(key.expires)}"
