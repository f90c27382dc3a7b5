"""The frames of one rendition, cut out of fMP4 segments (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SYNC = 0x02000000
"""Sample flags of a frame that needs no other."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One coded frame; it is shown ``shift`` ticks after it is decoded, which may be negative."""

    data: bytes
    flags: int
    shift: int

    @property
    def independent(self) -> bool:
        """Whether it can be decoded without another."""
        return self.flags == _SYNC


@dataclass(frozen=True)
class Track:
    """Frames that each last ``frame_ticks`` of ``timescale`` in a second, to be played round and round."""

    timescale: int
    frame_ticks: int
    init: bytes
    frames: Sequence[Frame]


def read_track(folder: Path, representation: str, seconds: int) -> Track:
    """The track that FFmpeg's DASH muxer wrote as ``init-R.m4s`` and ``R-NNN.m4s``, made to last exactly ``seconds``.

    What its edit list cuts off or shifts is cut off and shifted in the frames, and the edit list is made void, so that
    players agree about the time whether they heed edit lists or not. Audio falls short of the picture by some frames;
    its last one, which is silent, stands in for them.
    """
    init = (folder / f"init-{representation}.m4s").read_bytes()
    timescale = int.from_bytes(_inside(init, "moov/trak/mdia/mdhd")[12:16])
    edited = int.from_bytes(_inside(init, "moov/trak/edts/elst")[12:16])
    runs = [_run(file.read_bytes()) for file in sorted(folder.glob(f"{representation}-*.m4s"))]
    ticks, frames = runs[0][0], [frame for _, run in runs for frame in run]
    if _inside(init, "moov/trak/mdia/hdlr")[8:12] == b"soun":
        frames = frames[edited // ticks :]
        frames += [frames[-1]] * (seconds * timescale // ticks - len(frames))
    else:
        frames = [Frame(frame.data, frame.flags, frame.shift - edited) for frame in frames]
    if len(frames) * ticks != seconds * timescale:
        raise ValueError(f"{folder} {representation} lasts {len(frames) * ticks / timescale} s, not {seconds} s")
    return Track(timescale, ticks, init.replace(b"edts", b"free"), frames)


def _boxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    while content:
        size = int.from_bytes(content[:4])
        yield content[4:8].decode("latin-1"), content[8:size]
        content = content[size:]


def _inside(content: bytes, path: str) -> bytes:
    """The content of the first box at a path."""
    for name in path.split("/"):
        content = next(inner for found, inner in _boxes(content) if found == name)
    return content


def _run(segment: bytes) -> tuple[int, list[Frame]]:
    """The ticks that each frame lasts, and the frames, of a segment with one run in one fragment."""
    ticks, size, flags = _defaults(_inside(segment, "moof/traf/tfhd"))
    data = _inside(segment, "mdat")
    run = _inside(segment, "moof/traf/trun")
    told = int.from_bytes(run[1:4])
    fields = list(struct.unpack(f">{(len(run) - 4) // 4}I", run[4:]))
    count = fields.pop(0)
    if told & 0x1:  # where the data begins: at the start of mdat
        fields.pop(0)
    first = fields.pop(0) if told & 0x4 else flags
    frames, rest = [], iter(fields)
    for number in range(count):
        ticks = next(rest) if told & 0x100 else ticks
        length = next(rest) if told & 0x200 else size
        own = next(rest) if told & 0x400 else flags if number else first
        shift = next(rest) if told & 0x800 else 0
        frames.append(Frame(data[:length], own, shift))
        data = data[length:]
    return ticks, frames


def _defaults(header: bytes) -> tuple[int, int, int]:
    """The duration, size and flags of a frame that a track fragment's header tells; FFmpeg's tells all three."""
    if int.from_bytes(header[1:4]) & 0x3B != 0x38:
        raise ValueError("the track fragment header is none of FFmpeg's DASH muxer")
    ticks, size, flags = struct.unpack(">3I", header[8:20])
    return ticks, size, flags
