"""Where the player reached the gateway, for the few references that players take only whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def own_address(headers: Mapping[str, str], port: int) -> str:
    """``scheme://host[:port]``, as the request's Host says and, where a proxy stands before the gateway,
    X-Forwarded-Proto; ``//host[:port]`` if the scheme is not known, for the player to take its page's; empty if that is
    no host. A Host that names the ``port`` on which the gateway itself listens has come without a proxy, by http. A
    client that lies about them gets an answer that leads itself astray, and nobody else."""
    host, scheme = headers.get("Host", ""), headers.get("X-Forwarded-Proto", "").strip().lower()
    if not _HOST.fullmatch(host):
        return ""
    if not scheme and host.endswith(f":{port}"):
        scheme = "http"
    return f"{scheme}://{host}" if scheme in {"http", "https"} else f"//{host}"
