"""``main.py explain``: what a key's request would be answered now, and why."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from commands import options, paint
from commands.asking import Service
from commands.explained import lines
from commands.explaining import Files, Question, all_admitted
from commands.trouble import trouble_told
from gateway.explanation import asked, secret_refusal
from gateway.explanation.asked import CREDENTIALS, ROUTES
from gateway.service.settings import Settings


@click.command()
@click.option("--key", required=True, help="A key's id as in keys list, an open key or its id, or a client's name.")
@click.option("--url", default="", help="Explain a request for this media.")
@click.option("--as", "shown", default="key", show_default=True, type=click.Choice(CREDENTIALS), help="By what.")
@click.option("--route", default="", type=click.Choice(["", *ROUTES]), help="Explain a request to this route.")
@click.option("--page", default="", help="The web origin of the page that asks, such as https://www.example.com.")
@options.admin
@options.tiers
@options.keys
@options.policies
@options.style
def explain(  # noqa: PLR0913, PLR0917 - an option each
    key: str,
    url: str,
    shown: str,
    route: str,
    page: str,
    admin: str,
    tiers: Path,
    keys: Path,
    policies: Path | None,
    style: str,
) -> None:
    """Say what a key's request would be answered now, by which policy, and with which headers.

    A running service is asked through its admin listener, with the counters as they stand; nothing is counted. If none
    answers there, the files are explained, with counters of zero. Without a url or a route, a plain request and one for
    a token are explained. Exits with 0 if all is admitted, 1 if something is refused, 2 if it cannot be told.

    \b
    main.py explain --key 8aXk2LpQ
    main.py explain --key acme --url https://media.example.com/a.m3u8 --as session
    main.py explain --key public_api_key --route auth --json
    """
    if refusal := secret_refusal(key):
        raise click.BadParameter(refusal, param_hint="--key")
    try:
        requests = asked(route, shown, url, page)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with trouble_told(tiers):
        told = Question(key, requests, Files(tiers, keys, policies)).put_to(Service(_address(admin)))
    if style == "json":
        paint.show_json(told)
    else:
        paint.show(lines(told))
    sys.exit(0 if all_admitted(told) else 1)


def _address(admin: str) -> str:
    """Where the service is asked; a usage error if it is no address."""
    nowhere = Path()
    settings = Settings("", 0, admin, nowhere, nowhere, nowhere, nowhere, "", None, 1)
    if refusal := settings.refusal():
        raise click.UsageError(refusal)
    return admin
