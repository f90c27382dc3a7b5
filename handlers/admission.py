"""A request's admission by its tier, held until it is answered."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from gateway.tiers.admitted import Admitted
from handlers.record import Record


class Admission:
    """Holds what a tier has for a request, and notes in its ``record`` how long that took. ``admitted`` is called when
    the tier has admitted it."""

    def __init__(
        self, held: AbstractAsyncContextManager[Admitted], record: Record, admitted: Callable[[], None]
    ) -> None:
        self._held = held
        self._record = record
        self._admitted = admitted

    async def __aenter__(self) -> Admitted:
        """Raise what the tier raises."""
        asked = time.monotonic()
        entered = await self._held.__aenter__()
        try:
            self._record.admitted = now = time.monotonic()
            self._record.admission = now - asked
            self._admitted()
        except BaseException:
            await self._held.__aexit__(*sys.exc_info())
            raise
        return entered

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> bool | None:
        """Leave the tier's policies."""
        return await self._held.__aexit__(kind, error, at)
