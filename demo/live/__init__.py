"""A live stream that never ends, made of the demo's committed media: HLS, low-latency HLS and DASH.

All follows from the time of day: nothing runs while nobody watches, and all processes with the media tell the same.
"""

from demo.live.handlers import live_rules

__all__ = ["live_rules"]
