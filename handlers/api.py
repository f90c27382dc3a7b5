"""``GET, HEAD /api?url=``: the stream proxy, by key or session token."""

from __future__ import annotations

from gateway.leases import Terms
from gateway.links import Links, minter
from gateway.origins.url import MediaUrl
from gateway.policy import Credential, Identity, Purpose
from gateway.problem import InvalidUrl
from handlers.media import MediaHandler

_OWN = frozenset({"url", "token", "CMCD"})
_LONGEST_NAME = 24  # what is longer may be a key, a token or a signature that was put there by mistake


class ApiHandler(MediaHandler):
    """The media at ``url``; its manifests lead to ``/play`` throughout."""

    route = "api"
    varies_by = "Authorization, X-API-Key, X-Session-Token"

    async def serve(self) -> None:
        """Judge the credential first, then the tier, then the URL."""
        identity = self._viewing(await self.identify())
        async with self.admitted(identity, Purpose.MEDIA) as admitted:
            url = self._url()
            terms = Terms(self.gateway.clock(), self.generation.file.playback_lifetime, None)
            links = Links(minter(self.gateway.grants, identity), url, None, terms)
            await self.relay(url, links, admitted)

    def _viewing(self, identity: Identity) -> Identity:
        """Who asks, in a viewing session: a key's own is one caller's use of one directory of an origin."""
        if identity.credential is not Credential.KEY:
            return identity
        url = b" ".join(self.request.query_arguments.get("url", ()))
        directory = url.partition(b"?")[0].rpartition(b"/")[0]
        caller = self.request.headers.get("User-Agent", "")
        return identity.viewing(self.request.remote_ip or "", caller, directory.decode("latin-1"))

    def _url(self) -> MediaUrl:
        """``url``, with the directives of low-latency HLS (``_HLS_msn`` and such) that a player appends for the origin.

        Taken raw: Tornado's own accessors strip white space and control characters, and so hide what was sent.
        """
        query = self.request.query_arguments
        unknown = [name for name in query if name not in _OWN and not name.startswith("_HLS_")]
        if unknown:
            named = repr(unknown[0]) if len(unknown[0]) <= _LONGEST_NAME else "a long field"
            raise InvalidUrl(f"The query holds {named} beside url; percent-encode the whole url, its & and = among it.")
        if len(query.get("url", ())) != 1:
            raise InvalidUrl("Name the media once: /api?url=<absolute URL, percent-encoded>.")
        try:
            text = query["url"][0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidUrl("The url is not UTF-8.") from error
        return _with_directives(MediaUrl.parse(text), self.request.query)


def _with_directives(url: MediaUrl, query: str) -> MediaUrl:
    directives = "&".join(part for part in query.split("&") if part.startswith("_HLS_"))
    if not directives:
        return url
    return MediaUrl.parse(f"{url.href}{'&' if url.query else '?'}{directives}")
