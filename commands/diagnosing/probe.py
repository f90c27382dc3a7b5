"""One resource, fetched as the gateway fetches it, and what its origin says to a range and to a browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType

from commands.diagnosing.budget import TOO_LONG, Budget, Spent
from gateway.diagnosis.form import ENOUGH, Form, form_of
from gateway.diagnosis.seen import Got, Hop, Part, Seen, Step
from gateway.diagnosis.web import ANY_PAGE
from gateway.manifests.decode import LARGEST, decode, decode_whole
from gateway.origins.client import Answer, OriginClient
from gateway.origins.fetcher import Fetched, Source
from gateway.origins.guard import Guard, Permit
from gateway.origins.kind import kind_of_type
from gateway.origins.url import MediaUrl
from gateway.policy import Media, MediaKind
from gateway.problem import OriginTimedOut, OriginUnreachable, Problem
from gateway.tiers.admitted import Admitted

MOST_READ = 32 * 1024 * 1024
"""Bytes of a segment that are read to see whether it is whole."""

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_OF_A_FILE = 1024 * 1024
_OF_AN_ERROR = 8 * 1024
_MANIFESTS = {Part.MANIFEST, Part.PLAYLIST}
_WITH_RANGES = {Part.MAP, Part.SEGMENT, Part.FILE}


@dataclass
class _Way:
    """Watches one request: a `Judge` and a `Source` that note each hop, when the last head came, and how soon."""

    guard: Guard
    admitted: Admitted | None
    source: Source
    hops: list[Hop] = field(default_factory=list)
    seconds: float = 0.0
    at: float = 0.0

    def judge(self, url: MediaUrl) -> Permit:
        """As serving does: the gateway's word, then the tier's."""
        self.hops.append(Hop(url, "", None))
        permit = self.guard.judge(url)
        self.hops[-1] = Hop(url, permit.entry, None)
        if self.admitted is not None:
            self.admitted.judge(Media(url))
        return permit

    def fetch(
        self, url: MediaUrl, method: str, fields: Mapping[str, str], permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """As `Source.fetch`."""
        return _Watched(self, self.source.fetch(url, method, fields, permit))

    def post(
        self, url: MediaUrl, fields: Mapping[str, str], content: bytes, permit: Permit
    ) -> AbstractAsyncContextManager[Fetched]:
        """As `Source.post`; a diagnosis asks for no licence."""
        return self.source.post(url, fields, content, permit)

    def close(self) -> None:
        """Whose source it is closes it."""


@dataclass
class _Watched:
    """A fetch whose head is timed."""

    way: _Way
    fetching: AbstractAsyncContextManager[Fetched]

    async def __aenter__(self) -> Fetched:
        """Note what came."""
        began = time.monotonic()
        fetched = await self.fetching.__aenter__()
        self.way.seconds, self.way.at = time.monotonic() - began, time.time()
        hop = self.way.hops[-1]
        self.way.hops[-1] = Hop(hop.url, hop.entry, fetched.head.status)
        return fetched

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        """End what runs for it."""
        return await self.fetching.__aexit__(kind, error, at)


@dataclass
class Prober:
    """Looks at resources, within a budget. ``page`` is the web origin that a browser would name. What is known to be
    out of reach is not asked again."""

    source: Source
    guard: Guard
    admitted: Admitted | None
    page: str
    budget: Budget
    _unreachable: dict[str, Problem] = field(default_factory=dict)
    _admitting: dict[str, str] = field(default_factory=dict)

    async def look(self, step: Step, *, deeply: bool = True) -> Seen:
        """Fetch it; deeply also by a range, where players ask for ranges, and as a browser does. Raise `Spent`."""
        fields = {"Range": step.span} if step.span else {}
        seen = await self._ask(step, fields)
        if step.part is Part.MANIFEST and seen.good is not None and seen.form.is_media:
            step = replace(step, part=Part.FILE, name="the file")  # what was asked for is no manifest
            seen = replace(seen, step=step)
        if seen.got is not None and seen.got.head.status in {401, 403}:
            return replace(seen, admits=await self._admits(step, fields))
        if seen.good is None or seen.refusal is not None or not deeply:
            return seen
        ranged = await self._ask(step, {"Range": "bytes=0-1"}, most=3) if step.part in _WITH_RANGES else None
        paged = await self._ask(step, {"Origin": self.page, **fields}, most=0)
        return Seen(step, seen.hops, seen.got, None, ranged.got if ranged else None, paged.got)

    async def _admits(self, step: Step, fields: Mapping[str, str]) -> str:
        """Which field of a browser's request an origin that refuses wants to see; asked once of each, and not known
        where there are no more requests for it, or an origin that refuses one at once never answers another."""
        origin = MediaUrl.parse(step.url).origin
        if origin not in self._admitting:
            self._admitting[origin] = ""
            told: dict[str, str] = {}
            page = self.page if self.page != ANY_PAGE else origin
            with suppress(Spent):
                for name, value in (("User-Agent", _BROWSER), ("Referer", f"{page}/")):
                    told[name] = value
                    if (await self._ask(step, {**fields, **told}, most=1)).good is not None:
                        self._admitting[origin] = name
                        break
        return self._admitting[origin]

    async def glance(self, step: Step) -> Seen:
        """Whether it is there: of its body no more than a chunk is read. Raise `Spent`."""
        return await self._ask(step, {"Range": step.span or "bytes=0-1"}, most=1)

    async def _ask(self, step: Step, fields: Mapping[str, str], most: int | None = None) -> Seen:
        self.budget.spend()
        way = _Way(self.guard, self.admitted, self.source)
        try:
            url = MediaUrl.parse(step.url)
            if url.origin in self._unreachable:
                return Seen(step, (Hop(url, "", None),), refusal=self._unreachable[url.origin])
            async with (
                asyncio.timeout(max(self.budget.left, 0.1)),
                OriginClient(way).open(url, "GET", fields, way) as answer,
            ):
                got = await _read(answer, way, step.part, most)
        except TimeoutError as error:
            raise Spent(TOO_LONG) from error
        except Problem as problem:
            if isinstance(problem, OriginUnreachable | OriginTimedOut) and way.hops and way.hops[-1].status is None:
                self._unreachable[way.hops[-1].url.origin] = problem
            return Seen(step, tuple(way.hops), refusal=problem)
        seen = Seen(step, tuple(way.hops), got)
        return seen if most is not None else replace(seen, refusal=self._refusal(seen))

    def _refusal(self, seen: Seen) -> Problem | None:
        """The tier's word on what it turns out to be, as serving asks for it before any of it is sent."""
        if self.admitted is None or seen.good is None:
            return None
        known = {Form.HLS: MediaKind.HLS, Form.DASH: MediaKind.DASH}.get(seen.form)
        try:
            self.admitted.judge(Media(seen.hops[-1].url, known or kind_of_type(seen.good.content_type)))
        except Problem as problem:
            return problem
        return None


async def _read(answer: Answer, way: _Way, part: Part, most: int | None) -> Got:
    """Read as much as the step is judged by, and undo its content coding."""
    is_good = answer.head.status in {200, 206}
    bound = most if most is not None else _bound(part) if is_good else _OF_AN_ERROR
    kept = LARGEST + 1 if part in _MANIFESTS else ENOUGH
    body, size, whole, broken = b"", 0, False, None
    try:
        while size < bound:
            chunk = await answer.body.read()
            if not chunk:
                whole = True
                break
            body += chunk[: max(kept - len(body), 0)]
            size += len(chunk)
            if part is Part.MANIFEST and form_of(body).is_media:
                bound = min(bound, _OF_A_FILE)
    except Problem as problem:
        broken = problem
    if broken is None and most is None and is_good:
        body, broken = _decoded(body, answer.head.coding, part)
    return Got(answer.head, way.seconds, way.at, body, size, whole, broken)


def _bound(part: Part) -> int:
    return LARGEST + 1 if part in _MANIFESTS else _OF_A_FILE if part is Part.FILE else MOST_READ


def _decoded(body: bytes, coding: str, part: Part) -> tuple[bytes, Problem | None]:
    try:
        return (decode_whole(body, coding) if part in _MANIFESTS else decode(body, coding, ENOUGH)), None
    except Problem as problem:
        return b"", problem
