"""What a relay holds at one moment: memory, descriptors, and what the gateway tells of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.service import Service

KIB = 1024
_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Usage:
    """Of one or more processes: ``rss`` and ``pss`` in bytes; the second has what they share once."""

    rss: int
    pss: int
    descriptors: int

    @classmethod
    def of(cls, family: Iterable[psutil.Process]) -> Usage:
        """Now."""
        each = list(family)
        return cls(
            sum(one.memory_info().rss for one in each),
            sum(_pss(one) for one in each),
            sum(one.num_fds() for one in each),
        )


def _pss(process: psutil.Process) -> int:
    try:
        told = _PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_text())
    except PermissionError:  # another user's, and we are not root
        told = None
    return int(told[1]) * KIB if told else int(process.memory_info().rss)


@dataclass(frozen=True)
class Gauges:
    """What `/metrics` says of one worker."""

    requests: int
    transfers: int
    connections: int

    @classmethod
    def of(cls, service: Service) -> Gauges:
        """Now."""
        text = service.admin("/metrics").body.decode()
        return cls(*(_gauge(text, name) for name in ("running_requests", "origin_transfers", "connections")))

    def __str__(self) -> str:
        return f"{self.requests} requests, {self.transfers} transfers, {self.connections} connections"


def _gauge(text: str, name: str) -> int:
    found = re.search(rf"^sluicegate_{name} ([0-9.e+]+)$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the gateway tells no {name}")
    return int(float(found[1]))
