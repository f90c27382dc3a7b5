"""A question about a key, put to the running service, or to the files if none answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click

from commands import options
from commands.asking import Reply, Service, Told, Unanswered
from commands.naming import somebody
from commands.trouble import FILE_ERRORS, problems
from gateway.configuration import Generation, Sources
from gateway.explanation import Asked, Dead, Living, meant
from gateway.explanation.living import living
from gateway.identity import KeyRecord, read_keys
from gateway.policy import Json
from gateway.store.redis_store import embedded_store
from gateway.tiers import TierFile, compile_tiers
from handlers.explain import told_dead, told_living


@dataclass(frozen=True)
class Files:
    """What the operator edits, as it is on the disk."""

    tiers: Path
    keys: Path
    policies: Path | None

    def sources(self) -> Sources:
        """What to compile; without a pepper, for no key is authenticated here. Raises `PluginError`."""
        return Sources(self.tiers, self.keys, options.discovered(self.policies), b"")

    def tier_file(self) -> TierFile:
        """Raise `PluginError`, `ConfigErrors` or `OSError`."""
        return compile_tiers(self.tiers.read_bytes(), options.discovered(self.policies))

    def meant(self, text: str) -> Sequence[Living | Dead]:
        """Which keys ``text`` names; raise `KeyFileError` or `OSError`. While ``tiers.yaml`` cannot be read, every tier
        is taken to be there."""
        records = read_keys(self.keys)
        file = self._good_tier_file()
        tiers = file.tiers if file else {record.tier for record in records}
        return meant(text, records, file.open_keys if file else {}, tiers, time.time())

    def named(self, text: str) -> Sequence[Living | Dead]:
        """The same of what somebody is called; raise `click.BadParameter` of a name that nobody has."""
        return somebody(self.meant(text))

    def record(self, key_id: str) -> KeyRecord | None:
        """The key as the file has it; raise `KeyFileError` or `OSError`."""
        return next((record for record in read_keys(self.keys) if record.id == key_id), None)

    def wrong(self) -> Sequence[str]:
        """What is wrong with them, with its place."""
        told: list[str] = []
        for read in (self.tier_file, lambda: read_keys(self.keys)):
            try:
                read()
            except FileNotFoundError:
                continue  # they may well be on another machine
            except FILE_ERRORS as error:
                told += problems(error, self.tiers)
        return told

    def _good_tier_file(self) -> TierFile | None:
        try:
            return self.tier_file()
        except FILE_ERRORS:
            return None


@dataclass(frozen=True)
class Question:
    """What ``requests`` of the key or the client ``key`` would be answered."""

    key: str
    requests: Sequence[Asked]
    files: Files

    def put_to(self, service: Service) -> Told:
        """What the service tells; or the files, if none answers. Raise what reading the files raises."""
        try:
            return self._live(service)
        except Unanswered as error:
            return self._offline(str(error))

    # -- a running service -----------------------------------------------------------------------------------------

    def _live(self, service: Service) -> Told:
        reply = self._ask(service, self.key)
        if reply.status == 404:
            keys = [self._told(service, each, reply) for each in self.files.named(self.key)]
        else:
            keys = [reply.body]
        told: Told = {"counters": "live", "service": {**reply.service, "address": service.address}}
        return told | {"notes": list(self._notes(reply, keys)), "keys": [_without_service(key) for key in keys]}

    def _ask(self, service: Service, key: str) -> Reply:
        """All requests are of one kind of credential, page and url; two of them are what the service explains of a
        question without a route."""
        first = self.requests[0]
        route = first.route if len(self.requests) == 1 else ""
        arguments = {"route": route, "as": first.credential.value, "url": first.url, "page": first.page}
        reply = service.ask("/explain", {"key": key} | arguments)
        if reply.status not in {200, 404}:
            raise click.ClickException(f"{service.address} answers {reply.status}: {reply.detail}")
        return reply

    def _told(self, service: Service, key: Living | Dead, before: Reply) -> Told:
        """One of the keys that the file has by this name."""
        if isinstance(key, Dead):
            return told_dead(key, self.requests)
        reply = before if key.key_id == self.key else self._ask(service, key.key_id)
        if reply.status == 200:
            return reply.body
        record = self.files.record(key.key_id)
        number = reply.service["generation"]
        why = f"{self.files.keys} has it alive, but the service does not know it in its generation {number}"
        return told_dead(
            Dead(key.key_id, record.client if record else "", record.tier if record else "", why), self.requests
        )

    def _notes(self, reply: Reply, keys: Sequence[Told]) -> Iterator[str]:
        wrong = self.files.wrong()
        if not reply.service["last_reload_successful"]:
            number = reply.service["generation"]
            told = "the service could not read its files when they were last edited"
            yield f"{told}: what is on the disk is not in force, generation {number} answers; its log says why"
        for line in wrong:
            yield f"on the disk: {line}"
        for key in keys:
            yield from self._ended(cast("Told", key["key"]))

    def _ended(self, key: Told) -> Iterator[str]:
        """A key that the service admits, and the file has ended."""
        try:
            ended = [each for each in self.files.meant(str(key["id"])) if isinstance(each, Dead) and each.client]
        except FILE_ERRORS:
            return
        if key["alive"] and ended:
            yield f"{self.files.keys} has ended the key {key['id']} ({ended[0].why}), and the service does not know yet"

    # -- the files alone -------------------------------------------------------------------------------------------

    def _offline(self, reason: str) -> Told:
        generation = self.files.sources().compile(0)
        keys = [self._of_file(generation, each) for each in self.files.named(self.key)]
        notes = [
            f"{reason}: the counters are unknown, and taken for zero",
            f"explained from {self.files.tiers} and {self.files.keys} as they are on the disk",
        ]
        return {"counters": "unknown", "service": None, "notes": notes, "keys": keys}

    def _of_file(self, generation: Generation, key: Living | Dead) -> Told:
        if isinstance(key, Dead):
            return told_dead(key, self.requests)
        identity = living(generation, key.key_id, time.time())
        if identity is None:  # the file was edited this very moment
            return told_dead(Dead(key.key_id, "", "", "it has just ended"), self.requests)
        return _without_standings(asyncio.run(told_living(generation, identity, self.requests, embedded_store())))


def all_admitted(told: Told) -> bool:
    """Whether every request of every key is admitted."""
    keys = cast("Sequence[Told]", told["keys"])
    requests = [request for key in keys for request in cast("Sequence[Told]", key["requests"])]
    return all(cast("Told", request["verdict"])["admitted"] for request in requests)


def _without_standings(told: Told) -> Told:
    """An empty store's counters are not how anything stands."""
    for request in cast("Sequence[Told]", told["requests"]):
        for step in cast("Sequence[Told]", request["steps"]):
            if "standing" in step:
                step["standing"] = None
    return told


def _without_service(told: Told) -> Json:
    return {name: value for name, value in told.items() if name != "service"}
