"""Log lines: one JSON object a line for machines, one plain line for people at a terminal."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring

_FIELDS = "fields"
_as_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
_BLANK = vars(logging.LogRecord("", logging.INFO, "", 0, "", (), None))
"""What is the same for all events; `LogRecord` finds it out anew for each."""


class JsonLines(logging.Formatter):
    """A record as one JSON object: time (RFC 3339, UTC), level, logger, message, then the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        line = {
            "time": f"{_second(int(record.created))}.{int(record.created * 1000) % 1000:03d}+00:00",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _object(line)


@lru_cache(1)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _object(line: Mapping[str, object]) -> str:
    """As `json.dumps` writes it, which sets up an encoder for each call; the names are our own, and need no escapes."""
    return "{" + ", ".join([f'"{name}": {_value(value)}' for name, value in line.items()]) + "}"


def _value(value: object) -> str:
    if type(value) is str:
        return encode_basestring(value)
    return str(value) if type(value) is int else _as_json(value)


class PlainLines(logging.Formatter):
    """A record as the time of day, the message, and its fields as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback beneath it where there is one."""
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, _FIELDS, {}).items())
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.getMessage()} {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up_logs() -> None:
    """Send all log lines to standard error: plain on a terminal, JSON otherwise. What no line says is not found out for
    it (the optimizations that Python's logging HOWTO names)."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainLines() if sys.stderr.isatty() else JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("tornado.general").setLevel(logging.WARNING)  # it repeats malformed fields, a key's among them
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)  # the gateway writes its own line per request


def log_event(logger: logging.Logger, message: str, **fields: object) -> None:
    """Log a message with fields of its own; not by `Logger.info`, which would look for who has called it."""
    if logger.isEnabledFor(logging.INFO):
        now = time.time()
        told = {"name": logger.name, "msg": message, "created": now, "msecs": now % 1 * 1000, _FIELDS: fields}
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = _BLANK | told
        logger.handle(record)
