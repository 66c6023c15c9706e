"""Which failures are trouble (wait and try again) and which are poison (isolate the record)."""

from typing import Final

import asyncpg
from aiokafka.errors import KafkaError

_POISON_CLASSES: Final = ("22", "23")
"""SQLSTATE classes data exception and integrity violation: the same bytes will fail again."""


class StaleOffsetsError(Exception):
    """The database holds other offsets than this consumer last stored: seek to those."""


class BrakeTrippedError(Exception):
    """Too many records were isolated: stop, and note it, before one more is."""


class BrakeEngagedError(Exception):
    """The brake was tripped and nobody has released it yet."""


class LostRaceError(Exception):
    """Another writer was first with something members share: load and decide again."""


_OURS: Final = (StaleOffsetsError, BrakeTrippedError, BrakeEngagedError, LostRaceError)


def is_poison(error: BaseException) -> bool:
    """Tell whether the same batch would fail the same way again."""
    if isinstance(error, _OURS):
        return False
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_POISON_CLASSES)
    return not isinstance(error, asyncpg.InterfaceError | OSError | TimeoutError | KafkaError)


def is_timeout(error: BaseException) -> bool:
    """Tell whether a smaller batch might have made it."""
    return isinstance(
        error,
        TimeoutError | asyncpg.QueryCanceledError | asyncpg.IdleInTransactionSessionTimeoutError,
    )
