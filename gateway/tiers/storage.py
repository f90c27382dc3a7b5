"""``cache:`` in ``tiers.yaml``: how much of what origins answer is kept."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.tiers.fields import read_fields
from gateway.tiers.nodes import Mapping, Node
from gateway.tiers.values import boolean
from gateway.units import Size

SMALLEST = Size(8 * 2**20)
"""With less, not a segment would have room."""

USUAL_MEMORY = Size(128 * 2**20)


@dataclass(frozen=True)
class Storage:
    """Bytes in ``memory`` and on a ``disk``, of all workers of a machine together; None for none."""

    memory: Size | None = USUAL_MEMORY
    disk: Size | None = None

    def __post_init__(self) -> None:
        for name, size in (("memory", self.memory), ("disk", self.disk)):
            if size is not None and size.bytes < SMALLEST.bytes:
                raise ValueError(f"{name}: {size} is too little to keep media in; write at least {SMALLEST}")

    @property
    def memory_bytes(self) -> int:
        """Bytes in memory."""
        return self.memory.bytes if self.memory else 0

    @property
    def disk_bytes(self) -> int:
        """Bytes on the disk."""
        return self.disk.bytes if self.disk else 0


def read_storage(node: Node) -> Storage:
    """Read ``{memory: 256MiB, disk: 20GiB}``, or ``false``; raise `ConfigErrors` or `ConfigError`."""
    if not isinstance(node, Mapping):
        if boolean(node):
            return Storage()
        return Storage(None)
    fields = read_fields(node, Storage)
    try:
        return Storage(**fields)  # type: ignore[arg-type]
    except ValueError as error:
        raise node.error(str(error)) from error
