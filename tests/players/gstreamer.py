"""Play an address with GStreamer's playbin3, by its C library: ``gstreamer.py ADDRESS RATE SEEK-FILE``.

Tells ``at SECONDS`` ten times a second, ``error …`` or ``end``; seeks to the seconds that the file comes to hold.
"""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path

PLAYING, FORMAT_TIME, NANO = 4, 3, 1_000_000_000
FLUSH_AND_KEY_UNIT, TYPE_SET, TYPE_NONE = 1 | 4, 1, 0
END, ERROR = 1, 2


class GError(ctypes.Structure):
    """GLib's."""

    _fields_ = [("domain", ctypes.c_uint32), ("code", ctypes.c_int), ("message", ctypes.c_char_p)]


def library() -> ctypes.CDLL:
    """GStreamer, with the types of what is called."""
    gst = ctypes.CDLL("libgstreamer-1.0.so.0")
    gst.gst_parse_launch.restype = gst.gst_element_get_bus.restype = ctypes.c_void_p
    gst.gst_bus_pop_filtered.restype = ctypes.c_void_p
    gst.gst_bus_pop_filtered.argtypes = [ctypes.c_void_p, ctypes.c_int]
    gst.gst_parse_launch.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    gst.gst_element_get_bus.argtypes = [ctypes.c_void_p]
    gst.gst_element_set_state.argtypes = [ctypes.c_void_p, ctypes.c_int]
    gst.gst_element_query_position.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int64)]
    gst.gst_element_seek.argtypes = [ctypes.c_void_p, ctypes.c_double, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                                     ctypes.c_int64, ctypes.c_int, ctypes.c_int64]  # fmt: skip
    gst.gst_message_parse_error.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    gst.gst_init(None, None)
    return gst


def said(gst: ctypes.CDLL, bus: int) -> str:
    """``end`` or ``error …`` if the bus has such a message."""
    if gst.gst_bus_pop_filtered(bus, END):
        return "end"
    message = gst.gst_bus_pop_filtered(bus, ERROR)
    if not message:
        return ""
    error, detail = ctypes.POINTER(GError)(), ctypes.c_char_p()
    gst.gst_message_parse_error(message, ctypes.byref(error), ctypes.byref(detail))
    more = (detail.value or b"").decode().splitlines()
    return f"error {error.contents.message.decode()} {more[-1] if more else ''}"


def tell(line: str) -> None:
    """Say it at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Play until told otherwise."""
    address, rate, seek = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    gst = library()
    sinks = 'video-sink="fakesink sync=true" audio-sink="fakesink sync=true" text-sink="fakesink"'
    pipeline = gst.gst_parse_launch(f'playbin3 uri="{address}" {sinks}'.encode(), None)
    bus = gst.gst_element_get_bus(pipeline)
    gst.gst_element_set_state(pipeline, PLAYING)

    def go(to: float) -> None:
        at = ctypes.c_int64(int(to * NANO))
        gst.gst_element_seek(pipeline, rate, FORMAT_TIME, FLUSH_AND_KEY_UNIT, TYPE_SET, at, TYPE_NONE, -1)

    position, quick = ctypes.c_int64(), rate == 1
    while not (told := said(gst, bus)):
        if gst.gst_element_query_position(pipeline, FORMAT_TIME, ctypes.byref(position)):
            tell(f"at {position.value / NANO}")
            if not quick and position.value > NANO // 10:
                quick = True
                go(0)
        if seek.exists():
            go(float(seek.read_text()))
            seek.unlink()
        time.sleep(0.1)
    tell(told)


if __name__ == "__main__":
    main()
