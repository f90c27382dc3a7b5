"""When an address that an origin has signed ends, where its query or its path says so."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

_SECONDS = re.compile(
    r"(?:^|[?&/~;,=])(?:expires?|expiry|exp|e|se|x-expires|validto|deadline)=([0-9]{10})(?=[&/~;,]|$)", re.I
)
_SIGNED_AT = re.compile(r"[?&]X-(?:Amz|Goog)-Date=([0-9]{8}T[0-9]{6})Z", re.IGNORECASE)
_SIGNED_FOR = re.compile(r"[?&]X-(?:Amz|Goog)-Expires=([0-9]{1,7})(?=&|$)", re.IGNORECASE)
_AZURE = re.compile(r"[?&]se=(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)Z", re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*")
_CLOUDFRONT = re.compile(r"[?&]Policy=([A-Za-z0-9_~-]+)")


def expires_at(url: str) -> float | None:
    """When a signed URL ends, in seconds since the epoch, or None where it does not say: by an ``expires`` of its own
    (CloudFront, Akamai, Bunny, nginx), S3's and Google's ``X-…-Date`` and ``X-…-Expires``, Azure's ``se``, a
    CloudFront policy, or a JWT's ``exp``."""
    text = unquote(url)
    if found := _SECONDS.search(text):
        return float(found[1])
    at, lasting = _SIGNED_AT.search(text), _SIGNED_FOR.search(text)
    if at and lasting:
        begin = datetime.strptime(at[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return (begin + timedelta(seconds=int(lasting[1]))).timestamp()
    if found := _AZURE.search(text):
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
    if found := _CLOUDFRONT.search(text):
        return _epoch(found[1].replace("_", "=").replace("~", "/").replace("-", "+"), ("DateLessThan", "AWS:EpochTime"))
    return _epoch(found[1], ("exp",)) if (found := _JWT.search(text)) else None


def _epoch(encoded: str, names: tuple[str, ...]) -> float | None:
    """A time in a base64 JSON, under the last of these names."""
    try:
        text = base64.b64decode(
            encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4),
            altchars=None if "+" in encoded or "/" in encoded else b"-_",
        )
        told = json.dumps(json.loads(text))
    except ValueError:
        return None
    found = re.search(rf'"{re.escape(names[-1])}": ([0-9]{{10}})', told)
    return float(found[1]) if found else None
