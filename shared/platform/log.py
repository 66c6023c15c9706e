"""Logs: one JSON object per line on stderr, for machines first.

A line has `ts`, `level`, `service`, `logger`, `event` and what the call passed as `extra`.
Nothing personal is logged: bodies of events are not, and of an error only the first line is
(the DETAIL that PostgreSQL adds shows rows).
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import IO

import orjson
from typing_extensions import override

from shared.platform.clock import monotonic
from shared.platform.settings import LogLevel

# What the logging module itself puts on a record; everything else came in as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_MAX_TEXT = 500
_MAX_FRAMES = 12
# A driver that can't reach its broker says so at every attempt; once in a while is enough.
_DRIVER_REPEAT_SECONDS = 30.0
_DRIVERS = ("aiokafka", "faststream", "asyncio")


def configure(service: str, level: LogLevel = "INFO", *, stream: IO[str] | None = None) -> None:
    """Send all logs of this process to `stream` (stderr) as JSON lines; call it once, at start."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*_DRIVERS, "uvicorn", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)


def describe(error: BaseException) -> str:
    """Return an error as one short line: its class and the first line of its message."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}"[:_MAX_TEXT] if lines else type(error).__name__


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage()[:_MAX_TEXT],
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
            line["trace"] = _trace(record.exc_info[1])
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class RepeatFilter(logging.Filter):
    """Lets a driver repeat itself (same logger, same place) only every 30 seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_DRIVERS):
            return True
        place = (record.pathname, record.lineno)
        now = monotonic()
        if now - self._said.get(place, -_DRIVER_REPEAT_SECONDS) < _DRIVER_REPEAT_SECONDS:
            return False
        self._said[place] = now
        return True


def _trace(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
