"""Writing a fragment of fMP4: one movie fragment box and its data (ISO/IEC 14496-12, section 8.8)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from demo.live.track import Frame, Track

_BASE_IS_MOOF = 0x020000
_DEFAULT_DURATION = 0x8
_TIME_OF_64_BITS = 0x01000000
_SIGNED_SHIFTS = 0x01000000
_OFFSET_SIZE_FLAGS_SHIFT = 0x1 | 0x200 | 0x400 | 0x800


def fragment(track: Track, sequence: int, decode_time: int, frames: Sequence[Frame]) -> bytes:
    """These frames from ``decode_time``, in ticks, on."""
    header = _box("tfhd", struct.pack(">3I", _BASE_IS_MOOF | _DEFAULT_DURATION, 1, track.frame_ticks))
    time = _box("tfdt", struct.pack(">IQ", _TIME_OF_64_BITS, decode_time))
    run = b"".join(struct.pack(">2Ii", len(frame.data), frame.flags, frame.shift) for frame in frames)
    size = 8 + 16 + 8 + len(header) + len(time) + 20 + len(run)
    run = struct.pack(">3I", _SIGNED_SHIFTS | _OFFSET_SIZE_FLAGS_SHIFT, len(frames), size + 8) + run
    track_fragment = _box("traf", header + time + _box("trun", run))
    moof = _box("moof", _box("mfhd", struct.pack(">2I", 0, sequence)) + track_fragment)
    return moof + _box("mdat", b"".join(frame.data for frame in frames))


def _box(name: str, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name.encode()) + content
