"""The services' database roles: migrations make them, whoever runs the stack lets them in."""

from collections.abc import Mapping

import asyncpg

SERVICE_ROLES = (
    "jifen_earn",
    "jifen_relay",
    "jifen_mall",
    "jifen_redeem",
    "jifen_expiry",
    "jifen_notify",
)


async def let_in(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    """Give each role its password and the right to log in."""
    for role, password in passwords.items():
        # A utility statement takes no parameters: the server itself quotes what goes into it.
        statement = await connection.fetchval(
            "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, password
        )
        await connection.execute(statement)
