"""Which failures are trouble (wait and try again) and which are poison (isolate the record)."""

from typing import Final

import asyncpg
from aiokafka.errors import KafkaError

from shared.pipeline.errors import (
    BrakeEngagedError,
    BrakeTrippedError,
    LostRaceError,
    StaleOffsetsError,
)
from shared.platform.postgres import DATABASE_ERRORS

_POISON_CLASSES: Final = ("22", "23")
"""SQLSTATE classes data exception and integrity violation: the same bytes will fail again."""

_TROUBLE: Final[tuple[type[Exception], ...]] = (
    *DATABASE_ERRORS,
    KafkaError,
    StaleOffsetsError,
    BrakeTrippedError,
    BrakeEngagedError,
    LostRaceError,
)

_TIMEOUTS: Final = (
    TimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)


def is_poison(error: BaseException) -> bool:
    """Tell whether the same batch would fail the same way again."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_POISON_CLASSES)
    return not isinstance(error, _TROUBLE)


def is_timeout(error: BaseException) -> bool:
    """Tell whether a smaller batch might have made it."""
    return isinstance(error, _TIMEOUTS)
