"""What answers: the gateway's version, and its libraries', whose lower versions have advisories."""

from __future__ import annotations

import platform
from importlib import metadata

from gateway.origins.client import LIBCURL

VERSION = "0.1.0"


def versions() -> dict[str, str]:
    """Name to version."""
    told = {"sluicegate": VERSION, "python": platform.python_version(), "libcurl": LIBCURL}
    return told | {name: metadata.version(name) for name in ("tornado", "pycurl", "pyjwt", "redis")}
