"""``GET /api/inspect?url=``: what media says of itself, and what is wrong with it; never a byte of the media."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from gateway.inspection import inspected, told
from gateway.inspection.answer_rules import of_size
from gateway.inspection.finding import error
from gateway.inspection.inspected import Answered, Inspected
from gateway.manifests import Kind as Manifest
from gateway.origins import headers
from gateway.origins.url import MediaUrl
from gateway.policy import Json, Purpose
from gateway.problem import InvalidUrl, OriginTimedOut, OutOfCapacity, Problem
from gateway.service.gateway import Gateway
from gateway.tiers.hop_judge import HopJudge
from handlers.beside import beside
from handlers.looking import MOST_OF_A_MANIFEST, Discreet, Looked, Looker
from handlers.staying import StayingHandler
from handlers.target import target

SECONDS = 20
"""For all that is fetched and read for one answer."""

AT_ONCE = 8
"""Inspections that one worker makes at once: each may hold megabytes and a thread, and a token's are not counted."""

OF_ONE_KEY = 2
"""Of these, how many are one key's: an open key's tokens are everybody's, and would leave none to the others."""


class Places:
    """How many inspections are under way, and of whom."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, key_id: str) -> Iterator[None]:
        """Hold a place while the block runs; raise `OutOfCapacity` if there is none."""
        if self._taken[key_id] >= OF_ONE_KEY:
            raise OutOfCapacity(f"{OF_ONE_KEY} inspections of this key are under way; wait for one of them.")
        if self._taken.total() >= AT_ONCE:
            raise OutOfCapacity("As many inspections as the gateway makes at once are under way.")
        self._taken[key_id] += 1
        try:
            yield
        finally:
            self._taken -= Counter([key_id])


class InspectHandler(StayingHandler):
    """For whoever has a key or a token, of any tier: what is told is numbers and words."""

    route = "inspect"
    varies_by = "Authorization, X-API-Key, X-Session-Token"

    def initialize(self, gateway: Gateway, places: Places) -> None:  # type: ignore[override]  # a part more
        super().initialize(gateway)
        self._places = places

    async def serve(self) -> None:
        """Judge the credential, the tier and the URL as ``/api`` does, but for whether the tier streams."""
        identity = await self.identify()
        async with self.admitted(identity, Purpose.ACCOUNT) as admitted:
            url = target(self.request.query_arguments, self.request.query)
            self.record.target = url.origin + url.path
            self.refuse_own_request()
            tracing = headers.tracing(self.request.headers)
            judge = Discreet(HopJudge(self.generation.guard, admitted), url)
            looker = Looker(self.gateway.client, judge, tracing)
            with self._places.taken(identity.key_id):
                self.answer(await self._told(looker, url))

    async def _told(self, looker: Looker, url: MediaUrl) -> Json:
        try:
            async with asyncio.timeout(SECONDS):
                looked = await looker.look(url)
                found = await self._inspected(looker, looked)
        except TimeoutError as slow:
            raise OriginTimedOut(f"The origin did not give what it takes within {SECONDS} s.") from slow
        head = looked.head
        answered: dict[str, Json] = {
            "status": head.status,
            "content_type": head.get("Content-Type")[:200],
            "size": looked.total,
            "ranges": head.status == 206 or head.get("Accept-Ranges").lower() == "bytes",
            "redirected": looked.url.href != url.href,
        }
        return {"answer": answered, "also_read": found.also_read or None} | told.tell(
            found.presentation, found.findings
        )

    async def _inspected(self, looker: Looker, looked: Looked) -> Inspected:
        """Read it beside the event loop; and the one thing more that it may take."""
        now, head = self._now(), looked.head
        found = await beside(_read, looked, now)
        if head.status < 300 and found.next_uri:
            found = await self._with_media(looker, looked.url, found)
        if head.status < 300 and found.next_offset is not None:
            found = await self._with_index(looker, looked, found.next_offset, found)
        told = Answered(head.status, head.get("Content-Type"), head.get("Last-Modified"), looked.url.path)
        return inspected.with_answer(found, told, now)

    async def _with_index(self, looker: Looker, looked: Looked, offset: int, found: Inspected) -> Inspected:
        """What an MP4's index adds that stands behind its media."""
        try:
            index = await looker.look_from(looked.url, offset)
        except Problem:
            return found  # that no index was found is told already
        total = looked.total or index.total
        return await beside(inspected.add_index, looked.text, index.text, index.offset, total)

    async def _with_media(self, looker: Looker, base: MediaUrl, found: Inspected) -> Inspected:
        """What the first media playlist adds; that it cannot be had is a problem of the presentation."""
        try:
            media = await looker.look(base.join(found.next_uri))
        except InvalidUrl:
            return _without_media(found, "its URL is none that the gateway fetches")
        except Problem as refused:
            return _without_media(found, refused.detail or refused.error)
        if media.head.status >= 300 or media.manifest is not Manifest.HLS:
            what = f"it answers with {media.head.status}" if media.head.status >= 300 else "what came is no playlist"
            return _without_media(found, what)
        read = partial(inspected.add_media, found, media.text, media.url.href, self._now(), is_cut=media.is_cut)
        return _cut(await beside(read), media)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.gateway.clock(), UTC)


def _read(looked: Looked, now: datetime) -> Inspected:
    if looked.manifest is Manifest.HLS:
        return _cut(inspected.inspect_hls(looked.text, looked.url.href, now, whole=not looked.is_cut), looked)
    if looked.manifest is Manifest.DASH:
        return _cut(inspected.inspect_dash(looked.text, now, whole=not looked.is_cut), looked)
    return inspected.inspect_file(looked.text, looked.head.get("Content-Type"), looked.total)


def _cut(found: Inspected, looked: Looked) -> Inspected:
    is_told = any(each.code == "cut" for each in found.findings)
    extra = (of_size(looked.total or 0, MOST_OF_A_MANIFEST),) if looked.is_cut and not is_told else ()
    return replace(found, findings=(*extra, *found.findings))


def _without_media(found: Inspected, why: str) -> Inspected:
    what = f"The first variant's media playlist cannot be read: {why[:200]}"
    right = "put it there, or take it out: players begin with it; length, format and encryption are not told here"
    return replace(found, findings=(error("variant-not-there", "the first variant", what, right), *found.findings))
