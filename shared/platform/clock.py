"""The only place that reads the time of this machine.

Business time is not read here: a batch's `now` is the database's clock, read after its locks.
"""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return this machine's time, aware, in UTC: for logs, metrics and lag, never for rules."""
    return datetime.now(UTC)


def unix_seconds() -> float:
    """Return this machine's time as seconds since 1970, for timestamp metrics."""
    return time.time()


def monotonic() -> float:
    """Return seconds that never go back, for durations and deadlines."""
    return time.monotonic()
