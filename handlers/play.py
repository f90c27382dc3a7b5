"""``GET, HEAD /play/<grant>/<host[:port]>/<path>``: media by a playback grant, for players that can set no header; and
``POST``, under a grant for it, to a licence server."""

from __future__ import annotations

import re

from gateway.identity import Grant
from gateway.manifests import Asking
from gateway.origins.url import MediaUrl
from gateway.playback.leases import Lease, Terms
from gateway.playback.links import Links, minter
from gateway.playback.notes import Noted, SessionNotes
from gateway.playback.query import of_origin
from gateway.policy import Purpose
from gateway.problem import InvalidToken, InvalidUrl, MethodNotAllowed, OriginNotAllowed
from handlers.media import MediaHandler
from handlers.own_address import own_address

_PATH = re.compile(r"/play/(?P<grant>[^/]+)/(?P<authority>[^/]+)(?P<path>/.*)", re.DOTALL)


class PlayHandler(MediaHandler):
    """What lies under the grant's prefix. While it holds, other credentials beside it are not looked at: players that
    put a header on every request of theirs put it on these too."""

    route = "play"
    opened_by_address = True

    async def serve(self) -> None:
        """Judge the grant, then what it covers, then the tier."""
        asked = _PATH.fullmatch(self.request.path)  # raw: an encoded slash is not a slash
        if not asked:
            raise InvalidUrl("The path must read /play/<grant>/<host[:port]>/<path>.")
        grant = await self._grant(asked["grant"])
        url = self._url(grant, asked["authority"], asked["path"])
        if self.request.method == "POST":
            await self._post(grant, url)
            return
        noted = await self._noted(grant, url)
        moved = noted.moved(url)
        scope = grant.scope if moved is url else None  # relative references would lead back to where it moved from
        terms = Terms(self.gateway.clock(), self.generation.file.playback_lifetime, Lease.of(grant))
        async with self.admitted(grant.identity, Purpose.MEDIA) as admitted:
            mint = minter(self.gateway.grants, grant.identity)
            await self.relay(moved, Links(mint, moved, scope, terms, self._asking(grant, noted, url)), admitted)

    post = MediaHandler.get

    async def _post(self, grant: Grant, url: MediaUrl) -> None:
        if not grant.takes_post:
            raise MethodNotAllowed(["GET", "HEAD", "OPTIONS"])
        async with self.admitted(grant.identity, Purpose.MEDIA) as admitted:
            await self.relay_posted(url, admitted)

    async def _noted(self, grant: Grant, url: MediaUrl) -> Noted:
        try:
            return Noted.read(self.request.query, url, self.gateway.notes, grant.identity)
        except InvalidToken:
            await self.slow_down()
            raise

    def _asking(self, grant: Grant, noted: Noted, url: MediaUrl) -> Asking:
        notes = SessionNotes(self.gateway.notes, grant.identity)
        return Asking(own_address(self.request.headers, self.connection.local_port), url.query, noted.variables, notes)

    async def _grant(self, text: str) -> Grant:
        try:
            return self._verified(text)
        except InvalidToken:
            await self.slow_down()
            raise

    def _verified(self, text: str) -> Grant:
        """The grant; raise `InvalidToken` unless it holds, or it has expired and a session token of its key stands
        beside it: a player that was refused fetches one and comes back."""
        keys, file = self.generation.keys, self.generation.file
        try:
            return self.gateway.grants.verify(text, keys, file.playback_lifetime)
        except InvalidToken:
            tokens = self.request.headers.get_list("X-Session-Token")
            if len(tokens) != 1:
                raise
            self.varies_by = "X-Session-Token"
            session = self.gateway.tokens.verify(tokens[0], keys, file.session_lifetime)
            return self.gateway.grants.verify_with(session, text, keys, file.playback_lifetime)

    def _url(self, grant: Grant, authority: str, path: str) -> MediaUrl:
        origin = f"{grant.scope.origin.partition('://')[0]}://{authority}"
        if not grant.scope.covers(origin, path):
            raise OriginNotAllowed("The grant does not cover this path.")
        query = of_origin(self.request.query)
        return MediaUrl.parse(origin + path + (f"?{query}" if query else ""))
