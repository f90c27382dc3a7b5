"""A relay that checks nothing, limits nothing and rewrites nothing: as little as a relay in Python can be."""

from __future__ import annotations

import sys

from aiohttp import ClientSession, TCPConnector, web

ORIGIN = web.AppKey("origin", ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    """Pass on status, type, length and body."""
    async with request.app[ORIGIN].get(request.query["url"]) as answer:
        passed = {name: answer.headers[name] for name in ("Content-Type", "Content-Length")}
        response = web.StreamResponse(status=answer.status, headers=passed)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        return response


async def connect(app: web.Application) -> None:
    """One session for all."""
    app[ORIGIN] = ClientSession(connector=TCPConnector(limit=0), auto_decompress=False)


app = web.Application()
app.on_startup.append(connect)
app.router.add_get("/", relay)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
