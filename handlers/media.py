"""The stream proxy: whatever an origin answers is relayed as it comes, and manifests are rewritten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from contextlib import AbstractAsyncContextManager

from tornado.iostream import StreamClosedError

from gateway import cmcd
from gateway.cache import Filed
from gateway.manifests import Document, Kind, is_named_manifest
from gateway.origins import headers
from gateway.origins.client import Answer
from gateway.origins.kind import kind_of_type
from gateway.origins.url import MediaUrl
from gateway.playback.links import Links
from gateway.policy import Media, MediaKind
from gateway.problem import OriginUnreachable
from gateway.tiers.admitted import Admitted
from gateway.tiers.hop_judge import HopJudge
from handlers import fields
from handlers.document import read_document
from handlers.manifest import Manifest, encode, read_manifest
from handlers.sniffing import Sniffed, is_part, sniff
from handlers.staying import StayingHandler

STALLED_SECONDS = 60
"""A client that takes no more than `PIECE` for so long holds what others could use; a player that was paused asks for
the rest by range when it goes on."""

PIECE = 128 * 1024
"""Bytes that a client is given `STALLED_SECONDS` for."""

_NOTHING: Mapping[str, str] = {}
_BARE = frozenset({204, 205, 304})


def _is_played(status: int) -> bool:
    """Whether a player takes an answer for what it has asked for. FFmpeg does so below 400, browsers below 300; what is
    no success, and yet has a body, is a manifest as good as any."""
    return status < 400 and status not in _BARE


def _kind(kind: Kind | Document | None, answer: Answer) -> MediaKind:
    return MediaKind(kind.value) if isinstance(kind, Kind) else kind_of_type(answer.head.get("Content-Type"))


class MediaHandler(StayingHandler):
    """Relays one resource of an origin, with bounded memory, from the first byte to a visible end.

    ``opened_by_address`` is whether the credential stands in the address, so that to a cache who has the one has the
    other: Vary cannot tell them apart.
    """

    opened_by_address = False

    head = StayingHandler.get

    async def relay(self, url: MediaUrl, links: Links, admitted: Admitted) -> None:
        """Fetch and answer; raise the `Problem` that keeps the origin's answer away, or cuts it short."""
        self.refuse_own_request()
        self.record.target = url.origin + url.path
        # A manifest is rewritten whole: a range of the origin's, or a validator, would not fit what is sent.
        beside = headers.tracing(self.request.headers) | self._told(url)
        is_ranged = not is_named_manifest(url.path)
        asked = beside | headers.to_origin(self.request.headers) if is_ranged else beside
        self.record.trace = headers.trace_id(asked)
        judge = HopJudge(self.generation.guard, admitted)
        started = time.monotonic()
        async with self._open(url, asked, judge) as answer:
            self.record.origin = time.monotonic() - started
            self.record.cache = answer.cache.value
            sniffed = await sniff(answer, ranged="Range" in asked)
            if not sniffed.kind or not is_part(answer.head):
                await self._pass_on(answer, sniffed, links.seen_from(url, answer.url), admitted)
                return
            async with self._open(url, beside, judge) as whole:
                await self._pass_on(whole, await sniff(whole, ranged=False), links.seen_from(url, whole.url), admitted)

    async def relay_posted(self, url: MediaUrl, admitted: Admitted) -> None:
        """Send a licence server what the player has for it, once, and relay the answer, which is the player's alone.
        Raise as `relay` does; a redirect by which the request would be lost is no answer."""
        self.refuse_own_request()
        self.record.target = url.origin + url.path
        tracing = headers.tracing(self.request.headers)
        self.record.trace = headers.trace_id(tracing)
        asked = tracing | headers.posting(self.request.headers) | self._told(url)
        judge = HopJudge(self.generation.guard, admitted)
        started = time.monotonic()
        async with self.gateway.client.post(url, asked, self.request.body, judge) as answer:
            self.record.origin = time.monotonic() - started
            if answer.head.status in {301, 302, 303}:
                raise OriginUnreachable(
                    "The licence server redirects so that the request would be lost; it may by 307."
                )
            if _is_played(answer.head.status):
                admitted.judge(Media(answer.url, _kind(None, answer)))
            relayed = Sniffed(None, await answer.body.read())
            await self._send_as_it_is(answer, relayed, admitted, {"Cache-Control": "no-store"})

    def _told(self, url: MediaUrl) -> dict[str, str]:
        """What the player tells of its playback, to go where the request goes; noted for the log and the metrics. Raise
        `OriginNotAllowed` as the guard does."""
        told = cmcd.told(self.request.headers, self.request.query)
        if told:
            self.record.entry = self.generation.guard.judge(url).entry
            self.record.report = cmcd.read_report(told)
        return told

    async def _pass_on(self, answer: Answer, sniffed: Sniffed, links: Links, admitted: Admitted) -> None:
        """Send an answer, rewritten if it is to be."""
        kind, is_played = sniffed.kind, _is_played(answer.head.status)
        if is_played:  # an error page is not media
            admitted.judge(Media(answer.url, _kind(kind, answer)))
        manifest = None
        if is_played and isinstance(kind, Kind):
            manifest = await read_manifest(answer, kind, sniffed.take(), links)
        elif is_played and isinstance(kind, Document):
            manifest = await read_document(answer, kind, sniffed, links)
        if manifest:
            await self._send_manifest(manifest, admitted)
        else:
            await self._send_as_it_is(answer, sniffed, admitted)

    def _open(self, url: MediaUrl, asked: Mapping[str, str], judge: HopJudge) -> AbstractAsyncContextManager[Answer]:
        return self.gateway.client.open(url, self.request.method or "GET", asked, judge)

    async def _send_manifest(self, manifest: Manifest, admitted: Admitted) -> None:
        body = await encode(manifest, self.request.headers.get("Accept-Encoding", ""))
        for name, value in body.fields.items():
            self.set_header(name, value)
        self.set_status(200)
        if self.request.method == "HEAD":
            await self._send(b"", admitted)  # there was nothing to rewrite, and none of it is sent or counted
            return
        self.set_header("Content-Length", str(len(body.content)))
        await self._send(body.content, admitted)

    async def _send_as_it_is(
        self, answer: Answer, sniffed: Sniffed, admitted: Admitted, own: Mapping[str, str] = _NOTHING
    ) -> None:
        self.set_status(answer.head.status)
        for preset in ("Content-Type", "Date"):
            del self._headers[preset]
        self._headers.extend(headers.to_client(answer.head))
        self._headers.extend(fields.UNTRUSTED.items())
        if self.opened_by_address:
            self._headers["Cache-Control"] = fields.private(self._headers.get("Cache-Control", ""))
        self._headers.update(own)
        if self.request.method == "HEAD":
            await self._send(b"", admitted)  # a stored answer has its body at hand all the same
            return
        await self._send(sniffed.take(), admitted)
        if isinstance(answer.body, Filed) and "Content-Length" in self._headers:
            await self._send_from_file(answer.body, admitted)
        while chunk := await answer.body.read():
            await self._send(chunk, admitted)

    async def _send_from_file(self, body: Filed, admitted: Admitted) -> None:
        """What of a body lies in a file, without a byte of it passing through this process."""
        largest = min(admitted.largest, PIECE)
        while span := await body.ahead():
            offset, left = span.offset, span.count
            while left:
                count = min(left, largest)
                await admitted(count)
                await self._until_taken(self.connection.send_file(span.fd, offset, count))
                body.skip(count)
                self.record.sent += count
                offset, left = offset + count, left - count

    async def _send(self, chunk: bytes, admitted: Admitted) -> None:
        """Send the head, if it is not sent, and a chunk, in pieces that the meters can be asked about."""
        largest = min(admitted.largest, PIECE)
        if len(chunk) <= largest:
            await self._send_piece(chunk, admitted)
            return
        for start in range(0, len(chunk), largest):
            await self._send_piece(chunk[start : start + largest], admitted)

    async def _send_piece(self, chunk: bytes, admitted: Admitted) -> None:
        """Send it when the meters let it pass, and wait until the client has taken it."""
        await admitted(len(chunk))
        if not self.head_sent:
            self.declare_vary()
            self.declare_timing()
        self.head_sent = True
        taken = self.send(chunk)
        if self.connection.writing or self.connection.closed:
            await self._until_taken(taken)
        self.record.sent += len(chunk)

    async def _until_taken(self, taken: Awaitable[None]) -> None:
        """Wait for the client, and for no client too long."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await taken
        except EOFError as error:
            raise OriginUnreachable("What was stored of the body is gone.") from error
        except TimeoutError:
            self.cut("client")
            raise StreamClosedError from None
