"""What ``serve`` is told on its command line or in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Settings:
    """``admin`` is ``host:port`` or the path of a unix socket; ``redis`` is empty for the embedded store."""

    address: str
    port: int
    admin: str
    tiers: Path
    keys: Path
    state: Path
    cache: Path
    redis: str
    policies: Path | None
    workers: int

    def refusal(self) -> str | None:
        """Why these settings cannot serve, and what would be right, or None."""
        if self.workers > 1 and not self.redis:
            return (
                f"{self.workers} workers need a shared store: with the embedded one each would count for itself,"
                " and every limit would be multiplied. Give --redis URL, or one worker."
            )
        if self.admin.startswith("/"):
            return None
        port = self.admin.rpartition(":")[2]
        if not port.isdecimal() or not self.admin_host:
            return f"--admin {self.admin} is neither host:port, as 127.0.0.1:9090, nor the path of a unix socket."
        if int(port) + self.workers - 1 > LARGEST_PORT:
            return f"--admin {self.admin} leaves no port for each of {self.workers} workers below {LARGEST_PORT + 1}."
        return None

    @property
    def admin_host(self) -> str:
        """The host of ``admin``, an IPv6 address without its brackets."""
        return self.admin.rpartition(":")[0].removeprefix("[").removesuffix("]")


def bundled_policies() -> Path:
    """The folder of the policies that come with the gateway."""
    return Path(__file__).resolve().parents[2] / "policies"
