"""A request as Tornado's handlers know it."""

from __future__ import annotations

import time
from functools import lru_cache

from tornado.escape import parse_qs_bytes
from tornado.httputil import HTTPConnection, HTTPServerRequest, split_host_and_port

from handlers.http1.head import Head
from handlers.http1.refused import BAD, Refused

MOST_QUERY_FIELDS = 1000


class Request(HTTPServerRequest):
    """Made of a head that has been checked: Tornado's own constructor checks again, and copies the query deeply."""

    def __init__(self, head: Head, body: bytes, remote_ip: str, connection: HTTPConnection) -> None:
        """Raise `Refused` for a query of too many fields."""
        self.method, self.uri, self.version = head.method, head.target, head.version
        self.headers = head.fields
        self.body = body
        self.remote_ip = remote_ip
        self.protocol = "http"
        self.host = head.fields.get("Host", "127.0.0.1")
        self.host_name = _name_of(self.host)
        self.files = {}
        self.connection = connection
        self.server_connection = None
        self._start_time = time.time()
        self._finish_time = None
        self.path, _, self.query = head.target.partition("?")
        try:
            self.query_arguments = parse_qs_bytes(self.query, keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        except ValueError as error:
            raise Refused(400, BAD) from error
        self.arguments = {name: [*values] for name, values in self.query_arguments.items()}
        self.body_arguments = {}

    def _parse_body(self) -> None:
        """As Tornado's; most requests have none."""
        if self.body:
            super()._parse_body()


@lru_cache(256)
def _name_of(host: str) -> str:
    return split_host_and_port(host.lower())[0]
