"""Sluicegate: a streaming gateway with API keys in tiers, short-lived signed tokens, and quotas in one file.

The command line, and the composition root: here, and only here, all parts meet.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import logging
import os
import signal
import socket
import time
from collections.abc import Coroutine
from pathlib import Path

import click
import uvloop

from commands import COMMANDS, options
from commands.listening import Sockets, bind, bind_admin, place
from demo.origin import MEDIA, catalogue, origin_app
from demo.session import CLIENT, demo_key, lacks, welcome
from demo.wire import Wire
from gateway.cache import memory_folder
from gateway.configuration import Configuration, Sources
from gateway.identity import Grants, KeyFile, Keyring, Notes, SessionTokens, Slowdown, keyring_path
from gateway.origins.fetcher import Fetcher
from gateway.service.bounds import Bounds, raise_descriptors
from gateway.service.gateway import Gateway
from gateway.service.logs import set_up_logs
from gateway.service.media import media_client
from gateway.service.metrics import Metrics
from gateway.service.running import Running
from gateway.service.settings import Settings
from gateway.service.versions import VERSION, versions
from gateway.service.workers import Supervisor
from gateway.store.redis_store import RedisStore, embedded_store, redis_store
from handlers import Routes, admin_routes, application, public_routes
from handlers.demo import Demo, demo_routes
from handlers.server import GatewayServer
from handlers.worker import Listener, Worker

MOST_ADMIN_CONNECTIONS = 64
_log = logging.getLogger("sluicegate")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(VERSION, prog_name="sluicegate")
def cli() -> None:
    """A streaming gateway: API keys in tiers, short-lived signed tokens for players, quotas in one file.

    \b
    First steps:
      main.py demo                           a gateway, a page and media to try it on
      main.py check tiers.yaml               is this file right?
      main.py keys add acme --tier standard  make a customer's key
      main.py serve                          serve customers
    """


@cli.command()
@options.address
@options.port
@options.admin
@options.tiers
@options.keys
@options.state
@options.cache
@options.policies
@options.option(
    "--redis", "Where limits are counted: redis://, rediss://, unix://, redis+cluster://; else in the worker.", ""
)
@options.option("--workers", "How many processes serve. More than one needs --redis.", 1, click.IntRange(1, 256))
def serve(**given: object) -> None:
    """Serve customers until SIGTERM or Ctrl-C.

    tiers.yaml and keys.yaml are read again within seconds of an edit, and at once on SIGHUP; a broken edit is logged
    with its place and changes nothing.
    """
    settings = _settings(**given)
    with options.problems_told(settings.tiers), memory_folder() as memory:
        public = bind(settings.address, settings.port, "--address and --port")
        admins = [bind_admin(settings, number) for number in range(settings.workers)]
        # Compiled before any worker is forked: each begins with the last good generation, whatever the files hold.
        configuration = Configuration(_sources(settings, [*public, *itertools.chain(*admins)]))
        missing = "" if settings.keys.exists() else ", which is not there yet: nobody has a key"
        _log.info("tiers are those of %s, keys those of %s%s", settings.tiers, settings.keys, missing)

        def run(number: int) -> None:
            _run(_serve(settings, configuration, memory, public, admins[number]))

        if settings.workers == 1:
            run(0)
        else:
            Supervisor(settings.workers, run, configuration.reload_if_changed).supervise()


@cli.command()
@options.address
@options.port
@options.admin
@options.tiers
@options.state
@options.policies
@options.option(
    "--origin", "The port of the demo's own media origin; tiers.yaml must name it.", 8090, click.IntRange(1, 65535)
)
def demo(state: Path, origin: int, **given: object) -> None:
    """Serve the demo: a page that plays, a media origin, and a key to try, all on this machine."""
    settings = _settings(**given, state=state, cache=state / "cache", keys=state / "keys.yaml", redis="", workers=1)
    with options.problems_told(settings.tiers), memory_folder() as memory:
        public, admin = bind(settings.address, settings.port, "--address and --port"), bind_admin(settings, 0)
        _run(_demo(settings, memory, public, admin, bind("127.0.0.1", origin, "--origin")))


for command in COMMANDS:
    cli.add_command(command)


def _settings(**given: object) -> Settings:
    settings = Settings(**given)  # type: ignore[arg-type]  # click has given each its type
    if refusal := settings.refusal():
        raise click.UsageError(refusal)
    try:
        _store(settings)
    except ValueError as error:
        raise click.UsageError(f"--redis: {error}") from error
    try:
        Bounds.within(raise_descriptors())
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until a worker listens to it, there is nothing to reload
    set_up_logs()
    return settings


def _run(service: Coroutine[None, None, None]) -> None:
    """Run the service on libuv's event loop. What has been made until now lives for ever: the garbage collector need
    not look at it again, nor as often as by default, since what a request makes seldom goes in circles."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service)


# -- composition -------------------------------------------------------------------------------------------------------


async def _serve(
    settings: Settings, configuration: Configuration, memory: Path, public: Sockets, admin: Sockets
) -> None:
    gateway = compose(settings, configuration, memory)
    await Worker(gateway, _listeners(gateway, public_routes(gateway), public, admin)).run()


async def _demo(settings: Settings, memory: Path, public: Sockets, admin: Sockets, origin: Sockets) -> None:
    configuration = Configuration(_sources(settings, [*public, *admin]))
    media = f"http://{place(origin)}"
    if lacking := lacks(configuration.current, settings.tiers, media):
        raise click.ClickException(lacking)
    key_file = KeyFile(settings.keys, _keyring(settings).pepper, time.time)
    key = demo_key(key_file, settings.state, configuration.current.keys, time.time())
    configuration.reload_if_changed()
    gateway = compose(settings, configuration, memory)
    wire = Wire(CLIENT)
    logging.getLogger("sluicegate.request").addHandler(wire)
    routes = [*public_routes(gateway), *demo_routes(gateway, Demo(key, catalogue(media), wire))]
    origin_server = GatewayServer(origin_app(MEDIA), MOST_ADMIN_CONNECTIONS)
    listeners = [*_listeners(gateway, routes, public, admin), Listener(origin_server, origin)]
    click.echo(welcome(f"http://{place(public)}", media, key, settings.keys))
    await Worker(gateway, listeners).run()


def compose(settings: Settings, configuration: Configuration, memory: Path) -> Gateway:
    """One worker's gateway; ``memory`` is a folder of all workers'. Raises what `Keyring.load` raises."""
    keyring = _keyring(settings)
    # The same on every worker and VM that shares the secrets, so that a loop through another of them is seen too.
    via = f"sluicegate-{hashlib.sha256(keyring.pepper).hexdigest()[:12]}"
    metrics = Metrics()
    metrics.watch("config_generation", "The generation in force", lambda: configuration.current.number)
    metrics.watch(
        "config_last_reload_successful", "1, or 0 after a broken edit", lambda: configuration.last_reload_successful
    )
    store = _store(settings)
    store.batch.observe = metrics.store_seconds.observe
    metrics.watch("store_calls", "Calls made to the store", lambda: store.batch.calls)
    metrics.watch("store_breaker_open", "1 while the store is taken to be down", lambda: store.breaker.is_open)
    running = Running()
    metrics.watch("running_requests", "Requests that are being answered", lambda: len(running))
    bounds = Bounds.within(raise_descriptors())
    fetcher = Fetcher(via, f"Sluicegate/{VERSION}", bounds.transfers)
    return Gateway(
        bounds=bounds,
        version=VERSION,
        via=via,
        clock=time.time,
        configuration=configuration,
        tokens=SessionTokens(keyring, time.time),
        grants=Grants(keyring, time.time),
        notes=Notes(keyring),
        slowdown=Slowdown(time.monotonic),
        store=store,
        client=media_client(settings, configuration, fetcher, memory, metrics),
        metrics=metrics,
        running=running,
    )


def _listeners(gateway: Gateway, routes: Routes, public: Sockets, admin: Sockets) -> list[Listener]:
    _log.info("serving on %s, admin on %s, with %s", place(public), place(admin), versions())
    server = GatewayServer(application(gateway, routes), gateway.bounds.connections)
    gateway.metrics.watch("connections", "Connections of clients", lambda: server.connections)
    gateway.metrics.watch("connections_refused", "Connections that were one too many", lambda: server.refused)
    # Of its own, so that an operator is answered when the public one is full.
    admin_server = GatewayServer(application(gateway, admin_routes(gateway)), MOST_ADMIN_CONNECTIONS)
    return [Listener(server, public), Listener(admin_server, admin)]


def _store(settings: Settings) -> RedisStore:
    """The store; raise `ValueError` if its URL is none. It connects when it is first asked."""
    return redis_store(settings.redis, settings.workers) if settings.redis else embedded_store()


def _keyring(settings: Settings) -> Keyring:
    path = keyring_path(settings.state, os.environ)
    keyring, made = Keyring.load_or_create(path)
    if made:
        _log.info("made new secrets in %s; every worker and VM of this gateway needs the same", path)
    return keyring


def _sources(settings: Settings, own: Sockets) -> Sources:
    keyring = _keyring(settings)
    listeners = frozenset(bound.getsockname()[:2] for bound in own if bound.family != socket.AF_UNIX)
    policies = options.discovered(settings.policies)
    return Sources(settings.tiers, settings.keys, policies, keyring.pepper, listeners)


if __name__ == "__main__":
    cli(prog_name="main.py")
