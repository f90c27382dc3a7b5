"""What a playback grant opens: the paths beneath one prefix of one origin, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What an origin or a cache on the way might read as a step upwards or as a slash: encoded slashes and backslashes,
# backslashes, control characters, and empty, `.` or `..` segments in any encoding.
_DEVIOUS = re.compile(r"%2f|%5c|%00|\\|[\x00-\x20\x7f]|//|/(?:\.|%2e){1,2}(?=/|;|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scope:
    """``origin`` as ``scheme://host[:port]``; ``prefix`` begins and ends with a slash."""

    origin: str
    prefix: str

    def covers(self, origin: str, path: str) -> bool:
        """Whether a raw, still percent-encoded path of an origin lies beneath the prefix, read in the plainest way."""
        if origin != self.origin or not path.startswith(self.prefix):
            return False
        return not _DEVIOUS.search(path[len(self.prefix) - 1 :])
