"""The sockets that the gateway listens on, or why it cannot, with the option to change."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import click
from tornado.netutil import bind_sockets, bind_unix_socket

from gateway.service.settings import Settings

Sockets = Sequence[socket.socket]


def bind(address: str, port: int, option: str) -> Sockets:
    """Listen on a port; ``option`` is what the operator would change."""
    try:
        return bind_sockets(port, address, backlog=1024)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {address}:{port}: {error.strerror}; choose another with {option}"
        ) from error


def bind_admin(settings: Settings, number: int) -> Sockets:
    """Listen for the operator's own machines, for one worker; never on a socket that another service listens on."""
    if not settings.admin.startswith("/"):
        port = int(settings.admin.rpartition(":")[2])
        return bind(settings.admin_host, port + number if port else 0, "--admin")
    path = f"{settings.admin}.{number}" if number else settings.admin
    if _is_served(path):
        raise click.ClickException(f"cannot listen on {path}: another service does; choose another with --admin")
    try:
        return [bind_unix_socket(path, mode=0o660)]
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot listen on {path}: {error}; choose another with --admin") from error


def _is_served(path: str) -> bool:
    """Whether a unix socket has a listener; one that was left behind by a crash has none, and is replaced."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
        return True


def place(sockets: Sockets) -> str:
    """``address:port``, or the path of a unix socket."""
    name = sockets[0].getsockname()
    return name if isinstance(name, str) else f"{name[0]}:{name[1]}"
