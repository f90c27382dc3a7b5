"""What the demo's page shows of the wire: the gateway's own view of the last requests, for any player."""

from __future__ import annotations

import itertools
import logging
from collections import deque

from gateway.problem import Json

KEPT = 200


class Wire(logging.Handler):
    """Listens to the gateway's request lines and keeps the last `KEPT` of the demo's client, and the refused ones."""

    def __init__(self, client: str) -> None:
        super().__init__()
        self._client = client
        self._numbers = itertools.count(1)
        self._kept: deque[dict[str, Json]] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one request line."""
        fields = getattr(record, "fields", {})
        if fields.get("client", self._client) != self._client or fields.get("route") == "-":
            return
        self._kept.append(
            {
                "n": next(self._numbers),
                "time": round(record.created, 3),
                "method": fields["method"],
                "what": f"/{fields['route']} {fields.get('target', '')}".strip(),
                "status": fields["status"],
                "bytes": fields["sent"],
                "milliseconds": fields["ms"],
                "credential": fields.get("credential", "none"),
            }
        )

    def after(self, number: int) -> Json:
        """The requests after one that the page has seen, oldest first, and the number of the last."""
        newer = [kept for kept in self._kept if isinstance(kept["n"], int) and kept["n"] > number]
        return {"last": newer[-1]["n"] if newer else number, "requests": newer}
