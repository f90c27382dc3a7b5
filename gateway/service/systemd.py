"""What systemd is told, by the sd_notify(3) protocol: one datagram to a socket named in the environment."""

from __future__ import annotations

import os
import socket
import time


def notify(state: str) -> None:
    """Send ``READY=1``, ``RELOADING=1``, ``STOPPING=1`` or ``STATUS=...``. Does nothing outside systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # the abstract namespace of unix(7)
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address)


def notify_reloading() -> None:
    """Announce a reload; systemd wants the monotonic time with it, to match it to its signal (sd_notify(3))."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
