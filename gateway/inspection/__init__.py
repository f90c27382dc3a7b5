"""What a manifest or a media file says of itself: pure functions from bytes to frozen values, no network, no clock."""

from gateway.inspection.finding import Finding, Severity
from gateway.inspection.hls import read_hls, tell_media, tell_multivariant, with_media
from gateway.inspection.media_playlist import MediaPlaylist
from gateway.inspection.multivariant import Multivariant
from gateway.inspection.presentation import Kind, Presentation

__all__ = [
    "Finding",
    "Kind",
    "MediaPlaylist",
    "Multivariant",
    "Presentation",
    "Severity",
    "read_hls",
    "tell_media",
    "tell_multivariant",
    "with_media",
]
