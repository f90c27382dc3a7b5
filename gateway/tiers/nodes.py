"""A YAML document as a tree of nodes that know their places, in which every scalar is still text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from gateway.tiers.errors import ConfigError

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Node(ABC):
    """Where a node begins; lines and columns count from 1."""

    line: int
    column: int

    def error(self, what: str) -> ConfigError:
        """An error at this place."""
        return ConfigError(self.line, self.column, what)

    @property
    @abstractmethod
    def shown(self) -> str:
        """The node as an error quotes it: short, and on one line."""


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """Text; ``quoted`` if it stood in quotes or in a block."""

    text: str
    quoted: bool

    @property
    def is_nothing(self) -> bool:
        """Whether no value stands here, or one of YAML's words for none."""
        return not self.quoted and self.text in _NOTHING

    @property
    def shown(self) -> str:
        """The text, cut off where it is long; as Python writes it if it was quoted or is not plain to see."""
        short = self.text if len(self.text) <= _SHOWN else self.text[:_SHOWN] + "..."
        if not self.text:
            return '""' if self.quoted else "nothing"
        return repr(short) if self.quoted or not short.isprintable() else short


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """A list of nodes."""

    items: tuple[Node, ...]

    @property
    def shown(self) -> str:
        """Its kind."""
        return "a list"


@dataclass(frozen=True, slots=True)
class Mapping(Node):
    """Keys with their values, in order; each key stands once."""

    entries: tuple[tuple[Scalar, Node], ...]

    @property
    def shown(self) -> str:
        """Its kind."""
        return "a mapping"

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for key, value in self.entries if key.text == name), None)
