"""The services' database roles: migrations make them, whoever runs the stack lets them in."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICE_ROLES = (
    "jifen_earn",
    "jifen_relay",
    "jifen_mall",
    "jifen_redeem",
    "jifen_expiry",
    "jifen_notify",
    "jifen_audit",
)


async def let_in(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    """Give each role its password and the right to log in."""
    for role, password in passwords.items():
        # A utility statement takes no parameters: the server itself quotes what goes into it.
        statement = await connection.fetchval(
            "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, password
        )
        await connection.execute(statement)


def as_role(url: str, role: str, password: str) -> str:
    """Return a database's URL for another role."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{where}"))


def with_password(url: str, password: str) -> str:
    """Return a database's URL with the password of its user."""
    return as_role(url, urlsplit(url).netloc.rpartition("@")[0].partition(":")[0], password)
