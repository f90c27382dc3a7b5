"""HLS playlists (draft-pantos-hls-rfc8216bis): every reference is rewritten, and every other byte stays as it is."""

from gateway.manifests.hls.rewriting import rewrite

__all__ = ["rewrite"]
