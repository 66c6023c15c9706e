"""A database that has the time its test says; sessions find it that were opened afterwards."""

from datetime import datetime

from tests.support.databases import Database, owner_of

# Statements of services find this before the catalogue's; functions of the ledger don't look.
_OWN_CLOCK = """
CREATE SCHEMA clock;
GRANT USAGE ON SCHEMA clock TO PUBLIC;
CREATE TABLE clock.time AS SELECT pg_catalog.clock_timestamp() AS at;
GRANT SELECT ON clock.time TO PUBLIC;
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz
LANGUAGE sql AS 'SELECT at FROM clock.time';
"""


async def give_clock(database: Database) -> None:
    """Let the test say what time it is."""
    async with owner_of(database) as owner:
        await owner.execute(_OWN_CLOCK)
        await owner.execute(f"ALTER DATABASE {database.name} SET search_path = clock, pg_catalog")


async def come_to(database: Database, moment: datetime) -> None:
    """Say what time it is."""
    async with owner_of(database) as owner:
        await owner.execute("UPDATE clock.time SET at = $1", moment)
