"""A running service, asked through its admin listener: a port, or a unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from gateway.policy import Json

SECONDS_TO_ANSWER = 5
Told = dict[str, Json]


class Unanswered(Exception):  # noqa: N818 - it is an outcome, and often expected
    """Nobody answers at the address as the gateway does; the message says what happened instead."""


@dataclass(frozen=True)
class Reply:
    """An answer of the gateway; ``service`` says which one, with which generation."""

    status: int
    body: Told
    service: Told

    @property
    def detail(self) -> str:
        """What a refusal says."""
        return str(self.body.get("detail", ""))


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS_TO_ANSWER)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS_TO_ANSWER)
        self.sock.connect(self._path)


@dataclass(frozen=True)
class Service:
    """Listens at ``host:port``, or at a path that begins with a slash."""

    address: str

    def ask(self, path: str, arguments: Mapping[str, str]) -> Reply:
        """``GET`` a path; raise `Unanswered`."""
        connection = self._connection()
        try:
            connection.request("GET", f"{path}?{urlencode(arguments)}")
            answer = connection.getresponse()
            body = json.loads(answer.read())
        except OSError as error:
            raise Unanswered(f"no service answers at {self.address} ({error.strerror or error})") from error
        except (http.client.HTTPException, ValueError) as error:
            raise self._other() from error
        finally:
            connection.close()
        if not isinstance(body, dict) or not isinstance(body.get("service"), dict):
            raise self._other()
        return Reply(answer.status, cast("Told", body), cast("Told", body["service"]))

    def _connection(self) -> http.client.HTTPConnection:
        if self.address.startswith("/"):
            return _UnixConnection(self.address)
        host, _, port = self.address.rpartition(":")
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=SECONDS_TO_ANSWER)

    def _other(self) -> Unanswered:
        return Unanswered(f"what answers at {self.address} is no gateway of this version, or not its admin listener")
