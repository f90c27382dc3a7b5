"""A body of the faulty origin that breaks, and the answer to whoever asks for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.relay.exchange import Exchange, Script


async def break_off(exchange: Exchange) -> None:
    """Lose the connection, by FIN or by RST; by which none of what is resumed is lost, or it would break for ever."""
    (exchange.close if exchange.resumes else exchange.sample.pick(exchange.close, exchange.reset))()


async def hang(exchange: Exchange) -> None:
    """Send no more."""
    await exchange.hang()


async def bad_chunk(exchange: Exchange) -> None:
    """Go on with a size that is none, one that is too large for anything, or less or more than a chunk holds."""
    left = exchange.sample.body[exchange.sample.cut :]
    piece, rest = left[:256], left[256:]
    wrong = (b"zz\r\n", b"f" * 24 + b"\r\n", b"%x\r\n" % (len(piece) - 100), b"%x\r\n" % (len(piece) + 100))
    await exchange.send(exchange.sample.pick(*wrong) + piece + b"\r\n")
    await exchange.send_chunks(rest)
    await exchange.send(b"0\r\n\r\n")


async def another_range(exchange: Exchange) -> None:
    """206 with the bytes that it says, which are not those that were asked for."""
    first, last = exchange.asked or (0, 0)
    total = len(exchange.sample.body)
    shifted = ((max(first - 1, 0), last), (first + 1, last), (first, last - 1), (first + 100, last - 100))
    first, last = exchange.sample.pick(*shifted)
    part = exchange.sample.body[first : last + 1]
    fields = {"ETag": exchange.etag, "Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{total}"}
    await exchange.head(206, fields)
    await exchange.send(part)


async def another_range_or_none(exchange: Exchange) -> None:
    """The same, or 206 with another total, or with no word of its range."""
    first, last = exchange.asked or (0, 0)
    total = len(exchange.sample.body)
    odd = exchange.sample.run % 3
    if not odd:
        await another_range(exchange)
        return
    fields = {"ETag": exchange.etag, "Content-Length": str(len(exchange.part))}
    await exchange.head(206, fields | ({"Content-Range": f"bytes {first}-{last}/{total + 1}"} if odd == 1 else {}))
    await exchange.send(exchange.part)


async def whole_again(exchange: Exchange) -> None:
    """200 to whoever asks for the rest."""
    await exchange.head(200, {"ETag": exchange.etag, "Content-Length": str(len(exchange.sample.body))})
    await exchange.send(exchange.sample.body)


async def changed(exchange: Exchange) -> None:
    """Another body of the same length: honestly the whole of it, or a part of it against If-Range."""
    other, etag = bytes(len(exchange.sample.body)), '"changed"'
    if exchange.sample.run % 2:
        await exchange.head(200, {"ETag": etag, "Content-Length": str(len(other))})
        await exchange.send(other)
        return
    first, last = exchange.asked or (0, 0)
    told = {"ETag": etag, "Content-Range": f"bytes {first}-{last}/{len(other)}"}
    await exchange.head(206, told | {"Content-Length": str(last - first + 1)})
    await exchange.send(other[first : last + 1])


@dataclass(frozen=True)
class Breaking:
    """A body that meets its ``end`` at a random byte, and once more in every second answer ``again`` if so; without
    ``ranges`` from an origin that gives no part. ``rest`` is given to whoever asks for it."""

    end: Script = break_off
    rest: Script | None = None
    chunked: bool = False
    ranges: bool = True
    again: bool = False

    async def __call__(self, exchange: Exchange) -> None:
        """Answer."""
        if exchange.resumes and self.rest:
            await self.rest(exchange)
            return
        await exchange.begin(chunked=self.chunked, ranges=self.ranges)
        body = exchange.part if self.ranges else exchange.sample.body
        send = exchange.send_chunks if self.chunked else exchange.send
        chance = exchange.sample.random(exchange.first)
        if not exchange.resumes or (self.again and chance.random() < 0.5):
            await send(
                body[: chance.randrange(len(body)) + exchange.resumes if exchange.asked else exchange.sample.cut]
            )
            await self.end(exchange)
            return
        await send(body)
        if self.chunked:
            await exchange.send(b"0\r\n\r\n")
