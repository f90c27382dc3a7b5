"""``GET /api/grant?url=``: an address of media that holds for a while, for players that can set no header."""

from __future__ import annotations

from gateway.identity import opening
from gateway.playback.leases import Lease
from gateway.playback.links import address, minter, opened
from gateway.policy import Credential, Identity, Media, Purpose
from handlers.base import Handler
from handlers.target import target


class GrantHandler(Handler):
    """For a native player, by a session token; or on a customer's server, by a key. Nothing is fetched."""

    route = "grant"
    varies_by = "Authorization, X-API-Key, X-Session-Token"

    async def get(self) -> None:
        """Judge as a request for the media would be judged, but for what only its origin's answer tells."""
        identity = await self.identify()
        async with self.admitted(identity, Purpose.GRANT) as admitted:
            url = target(self.request.query_arguments, self.request.query)
            self.record.target = url.origin + url.path
            self.generation.guard.judge(url)
            admitted.judge(Media(url))
            now = self.gateway.clock()
            lease = Lease.starting(now, self.generation.file.playback_lifetime)
            grant = minter(self.gateway.grants, _viewer(identity))(opened(url), lease)
            self.answer({"url": address(grant, url), "expires_in": int(lease.ends - now), "expires_at": lease.ends})


def _viewer(identity: Identity) -> Identity:
    """A token's grants are of its viewing session; a key asks for one viewer at a time."""
    return opening(identity) if identity.credential is Credential.KEY else identity
