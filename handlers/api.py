"""``GET, HEAD /api?url=``: the stream proxy, by key or session token."""

from __future__ import annotations

from gateway.manifests import Asking
from gateway.playback.leases import Terms
from gateway.playback.links import Links, minter
from gateway.playback.notes import SessionNotes
from gateway.policy import Credential, Identity, Purpose
from handlers.media import MediaHandler
from handlers.own_address import own_address
from handlers.target import target


class ApiHandler(MediaHandler):
    """The media at ``url``; its manifests lead to ``/play`` throughout."""

    route = "api"
    varies_by = "Authorization, X-API-Key, X-Session-Token"

    async def serve(self) -> None:
        """Judge the credential first, then the tier, then the URL."""
        identity = self._viewing(await self.identify())
        async with self.admitted(identity, Purpose.MEDIA) as admitted:
            self.opened_by_address = "token" in self.request.query_arguments
            url = target(self.request.query_arguments, self.request.query)
            terms = Terms(self.gateway.clock(), self.generation.file.playback_lifetime, None)
            links = Links(minter(self.gateway.grants, identity), url, None, terms, self._asking(identity))
            await self.relay(url, links, admitted)

    def _asking(self, identity: Identity) -> Asking:
        return Asking(
            own_address(self.request.headers, self.connection.local_port),
            notes=SessionNotes(self.gateway.notes, identity),
        )

    def _viewing(self, identity: Identity) -> Identity:
        """Who asks, in a viewing session: a key's own is one caller's use of one directory of an origin."""
        if identity.credential is not Credential.KEY:
            return identity
        url = b" ".join(self.request.query_arguments.get("url", ()))
        directory = url.partition(b"?")[0].rpartition(b"/")[0]
        caller = self.request.headers.get("User-Agent", "")
        return identity.viewing(self.request.remote_ip or "", caller, directory.decode("latin-1"))
