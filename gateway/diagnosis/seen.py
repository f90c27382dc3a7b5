"""What was seen of one resource: who judged its URL, what its origin answered, and what it answered to a probe."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from gateway.diagnosis.form import Form, form_of
from gateway.origins.head import Head
from gateway.origins.url import MediaUrl
from gateway.problem import Problem


class Part(enum.Enum):
    """What a resource is to a presentation."""

    MANIFEST = "manifest"
    """What was asked for, if it is a playlist or an MPD."""

    PLAYLIST = "playlist"
    KEY = "key"
    MAP = "map"
    SEGMENT = "segment"
    FILE = "file"
    """What was asked for, if it is no manifest."""

    CLOCK = "clock"
    """What a UTCTiming names."""


class End(enum.Enum):
    """Which of the segments that are walked one is."""

    FIRST = "first"
    """That at which players begin."""

    LAST = "last"


@dataclass(frozen=True, slots=True)
class Step:
    """A resource that is looked at. ``name`` stands in sentences ("the first segment"); ``span`` is the Range that its
    manifest names, if it names one; ``codecs`` is what the manifest says of it; ``encrypted`` if its bytes are hidden;
    ``needed`` is false of one that a player can do without; ``end`` is None of all but the first and the last segment
    that are walked; ``of`` is its representation's number in the manifest, from 1, or 0 where it is none's."""

    part: Part
    name: str
    url: str
    span: str = ""
    codecs: tuple[str, ...] = ()
    encrypted: bool = False
    needed: bool = True
    end: End | None = None
    of: int = 0


@dataclass(frozen=True, slots=True)
class Hop:
    """A request on the way: to a URL, by leave of an entry of ``origins``; ``status`` is None if no answer came."""

    url: MediaUrl
    entry: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Got:
    """An answer. ``seconds`` went by until its head, which came ``at`` (seconds since the epoch). ``body`` is what it
    began with, undone of its content coding; ``size`` how many bytes were read of it, ``whole`` whether to the end;
    ``broken`` why it was not whole, or why its coding could not be undone."""

    head: Head
    seconds: float
    at: float
    body: bytes = field(default=b"", repr=False)
    size: int = 0
    whole: bool = False
    broken: Problem | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is the resource itself."""
        return self.head.status in {200, 206}

    @property
    def content_type(self) -> str:
        """The media type, without parameters, in lower case."""
        return self.head.get("Content-Type").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Seen:
    """``refusal`` is why there is no answer (``got``): the gateway's own word, or what became of the connection.
    ``ranged`` is the answer to ``bytes=0-1``, ``paged`` that to a request as a browser makes it for a page. ``admits``
    is the field of a browser's request by which an origin that refuses gives it after all; empty if none is known."""

    step: Step
    hops: tuple[Hop, ...] = ()
    got: Got | None = None
    refusal: Problem | None = None
    ranged: Got | None = None
    paged: Got | None = None
    admits: str = ""

    @property
    def form(self) -> Form:
        """What its bytes are."""
        return form_of(self.got.body) if self.got else Form.EMPTY

    @property
    def good(self) -> Got | None:
        """The answer, if it is the resource itself."""
        return self.got if self.got and self.got.is_good else None

    @property
    def url(self) -> str:
        """Where it came from, after redirects."""
        return self.hops[-1].url.href if self.hops else self.step.url
