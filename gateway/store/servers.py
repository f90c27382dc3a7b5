"""Where counters lie: in one Redis, or spread over the servers of a cluster; and how its script is called there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.crc import key_slot
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import NoScriptError, RedisError, SlotNotCoveredError

from gateway.store.ask import prefix

_SCRIPTS = Path(__file__).parent / "scripts"
_VERBS = ("requests", "seats", "volumes", "pacing", "beginnings")
SCRIPT = "\n".join((_SCRIPTS / f"{part}.lua").read_text() for part in ("begin", *_VERBS, "end"))
_SHA1 = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()  # by which Redis knows a script


class NothingSentError(RedisError):
    """There is no connection, for its ``cause``: whatever was asked, the server has not heard of it."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Servers(Protocol):
    """One call reaches one part of the store; each part lies on one server at a time."""

    def part(self, counter_id: str) -> int:
        """The part that a counter lies in."""

    def server(self, counter_id: str) -> str:
        """The name of the server that it lies on now; empty if there is but one, or none is known yet."""

    async def ping(self, counter_id: str) -> None:
        """Return if that server answers."""

    async def evaluate(self, keys: Sequence[str], asks: str) -> bytes:
        """Call the script, once: its first try may have counted. The keys lie in one part; ``asks`` are JSON. Raise
        `NothingSentError` if it has certainly not, and what redis raises otherwise."""


@dataclass(frozen=True, slots=True)
class OneServer:
    """All counters lie in one Redis."""

    redis: Redis

    def part(self, counter_id: str) -> int:
        """There is but one."""
        return 0

    def server(self, counter_id: str) -> str:
        """It needs no name."""
        return ""

    async def ping(self, counter_id: str) -> None:
        """Ask it."""
        await self.redis.ping()

    async def evaluate(self, keys: Sequence[str], asks: str) -> bytes:
        """Call the script, on a connection that is open before anything is sent."""
        pool = self.redis.connection_pool
        try:
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise NothingSentError(error) from error
        try:
            return await _evaluate(connection, len(keys), *keys, asks)
        finally:
            await pool.release(connection)


@dataclass(frozen=True, slots=True)
class ClusterServers:
    """Counters are spread over the slots of a cluster."""

    redis: RedisCluster

    def part(self, counter_id: str) -> int:
        """The slot: the keys of one script have to lie in one, even where one server has them all."""
        return int(key_slot(prefix(counter_id).encode()))

    def server(self, counter_id: str) -> str:
        """The primary of its slot, by address."""
        try:
            node = self.redis.get_node_from_key(prefix(counter_id))
        except SlotNotCoveredError:
            return ""
        return node.name if node else ""

    async def ping(self, counter_id: str) -> None:
        """Ask the server that has it, if one is known; the call that finds the servers asks one anyway."""
        if name := self.server(counter_id):
            await self.redis.execute_command("PING", target_nodes=self.redis.get_node(node_name=name))

    async def evaluate(self, keys: Sequence[str], asks: str) -> bytes:
        """Call the script; a server that has given the slot away has run nothing, and tells where to go."""
        try:
            return await self._evaluate(keys, asks)
        except LostError as error:
            if isinstance(error.__context__, ConnectionRefusedError):
                raise NothingSentError(error) from error
            raise

    async def _evaluate(self, keys: Sequence[str], asks: str) -> bytes:
        try:
            return await self.redis.evalsha(_SHA1, len(keys), *keys, asks)  # type: ignore[no-any-return]
        except NoScriptError:
            return await self.redis.eval(SCRIPT, len(keys), *keys, asks)  # type: ignore[no-any-return]


async def _evaluate(connection: AbstractConnection, *arguments: str | int) -> bytes:
    try:
        return await _answer(connection, "EVALSHA", _SHA1, *arguments)
    except NoScriptError:  # nothing has run: this Redis is new
        return await _answer(connection, "EVAL", SCRIPT, *arguments)


async def _answer(connection: AbstractConnection, *words: str | int) -> bytes:
    await connection.send_command(*words)
    return await connection.read_response()  # type: ignore[no-any-return]
