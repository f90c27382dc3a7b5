"""A media origin over real sockets that does as it is told, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Script = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Origin:
    """Paths and what each answers; ``asked`` holds (method, path, header fields) in order."""

    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    @classmethod
    def start(cls, address: str = "127.0.0.1", port: int = 0) -> Self:
        """On a free port, or one that another has on another address of loopback."""
        origin = cls()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                origin.asked.append((self.command, self.path, dict(self.headers.items())))
                script = origin.scripts.get(self.path.partition("?")[0], missing)
                try:
                    script(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # many connect at once; of more than 5 the kernel would let some wait a second

        origin.server = Server((address, port), Handler)
        origin.server.daemon_threads = True
        # Stopping waits until the server looks up again: half a second, if it is not told to look more often.
        threading.Thread(target=origin.server.serve_forever, args=(0.02,), daemon=True).start()
        return origin

    def renewed(self) -> Self:
        """The same, as if it were new: for tests that share one."""
        self.scripts.clear()
        self.asked.clear()
        return self

    @property
    def url(self) -> str:
        assert self.server is not None
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}"

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()


def answer(body: bytes, status: int = 200, /, **fields: str) -> Script:
    """A script that sends a whole body."""

    def script(request: BaseHTTPRequestHandler) -> None:
        send_head(request, status, {"Content-Length": str(len(body)), **fields})
        if request.command != "HEAD":
            request.wfile.write(body)

    return script


def send_head(request: BaseHTTPRequestHandler, status: int, fields: Mapping[str, str]) -> None:
    """Send a status and header fields; an underscore in a name stands for a hyphen."""
    request.send_response(status)
    for name, value in fields.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()


def missing(request: BaseHTTPRequestHandler) -> None:
    answer(b"<html>no such thing</html>", 404, Content_Type="text/html")(request)
