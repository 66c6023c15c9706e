"""Latency at a steady rate, from the moment an order was to be sent."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.integration.consuming.shop import Books
from tests.support.databases import PostgresHandle
from tests.support.stack import EmbeddedPostgres, Home

ROOT = Path(__file__).parents[2]

_COMMITTED = """
SELECT (extract(epoch FROM pg_xact_commit_timestamp(e.xmin)) * 1000000)::bigint
    - split_part(split_part(e.cause, '/', 2), '-', 3)::bigint AS microseconds
FROM ledger.entry AS e
WHERE e.cause LIKE $1 AND split_part(split_part(e.cause, '/', 2), '-', 2)::integer >= $2
    AND split_part(split_part(e.cause, '/', 2), '-', 2)::integer < $3
"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """One run: latencies in milliseconds, ascending, and the generator's share of a core."""

    milliseconds: Sequence[float]
    generator_share: float

    def percentile(self, share: float) -> float:
        return percentile(self.milliseconds, share)


def percentile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(int(len(ascending) * share), len(ascending) - 1)]


async def pace(books: Books, *, rate: int, seconds: int, seed: int) -> Pace:
    """Send at a rate and look up when each order's transaction was committed.

    The first tenth, when caches are cold, is left out. The server must track commit times.
    """
    arguments = [books.bootstrap, str(rate), str(seconds), str(seed)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.pacer", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    await books.until_done(relayed=False)
    found = await waits(books, seed=seed, first=rate * seconds // 10)
    assert len(found) == rate * seconds - rate * seconds // 10
    return Pace(milliseconds=found, generator_share=float(out))


async def waits(books: Books, *, seed: int, first: int, end: int = 2**31 - 1) -> list[float]:
    """Return how many milliseconds orders of these numbers waited for their commit, ascending."""
    rows = await books.fetch(_COMMITTED, f"order/p{seed}-%", first, end)
    return sorted(row["microseconds"] / 1000 for row in rows)


@asynccontextmanager
async def tracking_server(home: Home) -> AsyncIterator[PostgresHandle]:
    """Run a PostgreSQL of its own that remembers when each transaction was committed."""
    server = EmbeddedPostgres(home.folder / "steady", home.run_as)
    server.start()
    try:
        connection = await asyncpg.connect(server.config.url("postgres"))
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        await connection.close()
        server.stop()
        server.start()
        handle = PostgresHandle(owner_url=server.config.url("postgres"))
        yield handle
        await handle.forget()
    finally:
        server.stop()


async def audit(books: Books, *arguments: str) -> int:
    """Run `jifen audit verify` against the database; return its exit status."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jifen.cli.main", "audit", "verify", *arguments),
        cwd=ROOT,
        env={"JIFEN_DATABASE_URL": books.database.dsn(), "JIFEN_KAFKA_BOOTSTRAP": books.bootstrap},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
