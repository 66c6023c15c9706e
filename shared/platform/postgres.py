"""Connections to PostgreSQL: time-outs, codecs and the patience to wait for the server."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import asyncpg

from shared.platform.backoff import Backoff
from shared.platform.log import describe
from shared.platform.settings import DatabaseSettings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
PooledConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

# What a call to the driver may raise. To connect, all of it means "wait": the server may be
# starting, restoring, out of connections, or not have this role yet.
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # Its state machine stumbles when the server ended the session while this process was stopped.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_CLOSE_SECONDS = 2.0
# A version byte, always 1, in front of every binary jsonb.
_JSONB_VERSION = b"\x01"

_log = logging.getLogger(__name__)


async def connect(
    settings: DatabaseSettings,
    *,
    application_name: str,
    server_settings: Mapping[str, str] | None = None,
) -> Connection:
    """Open one connection; `server_settings` override what every session of ours has.

    json and jsonb are bytes in both directions: encoding and decoding them is the caller's.
    Raises one of DATABASE_ERRORS.
    """
    connection = await asyncpg.connect(
        settings.url.get_secret_value(),
        password=settings.password(),
        timeout=settings.connect_timeout_seconds,
        command_timeout=settings.command_timeout_seconds,
        server_settings=session_settings(settings, application_name) | dict(server_settings or {}),
    )
    try:
        await set_codecs(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def lines(texts: Iterable[str]) -> str:
    r"""Join ids, which have no line breaks, into what `string_to_array($n, E'\n')` takes apart.

    The driver's arrays cost it more than 1 us per element, several times per event.
    """
    return "\n".join(texts)


async def wait_connect(
    settings: DatabaseSettings,
    *,
    application_name: str,
    server_settings: Mapping[str, str] | None = None,
) -> Connection:
    """Open one connection, however long the server takes to be there; cancel it to give up."""
    backoff = Backoff(first_seconds=0.1, cap_seconds=5.0)
    while True:
        try:
            return await connect(
                settings, application_name=application_name, server_settings=server_settings
            )
        except DATABASE_ERRORS as error:
            delay = backoff.next_seconds()
            _log.warning(
                "database not reachable",
                extra={"error": describe(error), "attempt": backoff.attempts, "retry_in": delay},
            )
            await asyncio.sleep(delay)


async def close(connection: Connection) -> None:
    """Close politely within two seconds, then rudely: a dead server must not hold up a stop."""
    try:
        await connection.close(timeout=_CLOSE_SECONDS)
    except DATABASE_ERRORS:
        connection.terminate()


def create_pool(
    settings: DatabaseSettings, *, application_name: str, max_size: int, writes: bool = False
) -> Pool:
    """Make a pool; enter it (`async with`) to use it.

    Read-only unless it `writes`. It connects when first used, so that a service starts without its
    database.
    """
    return asyncpg.create_pool(
        settings.url.get_secret_value(),
        password=settings.password(),
        min_size=0,
        max_size=max_size,
        timeout=settings.connect_timeout_seconds,
        command_timeout=settings.command_timeout_seconds,
        server_settings=session_settings(settings, application_name)
        | {"default_transaction_read_only": "off" if writes else "on"},
        init=set_codecs,
        reset=_keep_session,
    )


def session_settings(settings: DatabaseSettings, application_name: str) -> dict[str, str]:
    """Return what every session of ours asks of the server."""
    return {
        "application_name": application_name,
        # Compiling a plan costs more than any statement of ours.
        "jit": "off",
        "timezone": "UTC",
        "statement_timeout": str(settings.statement_timeout_ms),
        "idle_in_transaction_session_timeout": str(settings.statement_timeout_ms),
        "transaction_timeout": str(settings.transaction_timeout_ms),
        # The server notices within 11 s that a client's machine is gone, and frees its locks.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }


async def set_codecs(connection: Connection) -> None:
    """Pass json and jsonb through as bytes."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_JSONB_VERSION.__add__,
        decoder=_jsonb_body,
        format="binary",
    )


async def _keep_session(connection: Connection) -> None:
    """Do nothing more than the driver, which has ended what transaction was left open.

    Asking the server to forget settings, cursors, listeners and session locks is a round trip per
    use, and no statement of a pool makes any.
    """


def _jsonb_body(value: bytes) -> bytes:
    return bytes(value[1:])
