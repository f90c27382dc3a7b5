"""What can be wrong with a codec string, in a playlist or a manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.inspection.codec import Codec
from gateway.inspection.finding import Finding, error, shown


def of_codecs(codecs: Iterable[Codec], where: str) -> Iterator[Finding]:
    """Codec strings that no browser makes a decoder by (RFC 6381, section 3.3)."""
    for codec in codecs:
        if codec.malformed:
            what = f"The codec string {shown(codec.text)!r} is malformed: browsers play nothing that is told by it."
            right = "correct it: H.264 High at level 3.1 is avc1.64001f, AAC-LC mp4a.40.2"
            yield error("codec-malformed", where, what, right)
