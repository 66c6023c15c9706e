"""Everybody's points end on one day: members swept and committed per second, by the service."""

import asyncio
import sys
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from shared.platform.clock import monotonic
from shared.platform.postgres import Connection
from tests.bench.cpu import Part, listening, measure
from tests.bench.due import END, make_due
from tests.bench.report import cpu_table, per_second, say
from tests.bench.sweep_rivals import FLOOR_CONNECTIONS, NAIVE_CONNECTIONS, PAGE
from tests.integration.consuming.crew import Place, Service
from tests.support.databases import Database, PostgresHandle, owner_of
from tests.support.earning import give_program
from tests.support.stack import Home
from tests.support.tokens import SECRET

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]

MEMBERS = 200_000
NAIVE_MEMBERS = 10_000
RUNS = 3
ROOT = Path(__file__).parents[2]

_PROGRESS = """
SELECT count(*) FILTER (WHERE after_date > '-infinity') AS begun,
    count(*) FILTER (WHERE after_date > $1) AS swept
FROM expiry.bucket
"""
_LEFT = """
SELECT (SELECT count(*) FROM ledger.lot WHERE expires_on = $1 AND points > 0) AS lots,
    (SELECT count(*) FROM ledger.entry) AS entries
"""


async def test_sweep(postgres: PostgresHandle, home: Home) -> None:
    ours: list[float] = []
    floors: list[float] = []
    naives: list[float] = []
    spent: dict[str, list[float]] = {}
    memory: list[float] = []
    for _ in range(RUNS):
        async with postgres.database() as database:
            await make_due(database, MEMBERS)
            rate, cpu, memory = await _ours(database, home)
            ours.append(rate)
            for name, seconds in cpu.items():
                spent.setdefault(name, []).append(seconds / MEMBERS * 1e6)
        floors.append(await _rival(postgres, "floor", MEMBERS))
        naives.append(await _rival(postgres, "naive", NAIVE_MEMBERS))
    middle = median(ours)
    say(
        "",
        f"sweep: {MEMBERS:,} members due on one date, a process of two workers, medians of {RUNS}",
        per_second("members swept", ours),
        per_second("floor: an UPDATE per page", floors, middle),
        per_second("one transaction per member", naives, middle),
        f"(floor: lots alone, pages of {PAGE}, {FLOOR_CONNECTIONS} connections; naive: entries,"
        f" accounts, outbox, too, {NAIVE_CONNECTIONS} connections)",
        f"resident MB of the process while it sweeps: {', '.join(f'{one:.0f}' for one in memory)}",
    )
    cpu_table("where the time goes", {name: median(values) for name, values in spent.items()})
    assert middle > median(naives)
    assert memory[-1] < memory[0] * 1.5


async def _ours(database: Database, home: Home) -> tuple[float, dict[str, float], list[float]]:
    place = Place(
        urls={"expiry": database.dsn("jifen_expiry")}, bootstrap="none:1", folder=home.folder
    )
    async with place.service("expiry", JIFEN_AUTH_SECRET=SECRET) as expiry:
        await expiry.until_logged("leads")
        parts = [
            Part(name="expiry", pids=[expiry.process.pid]),
            Part(name="PostgreSQL", pids=[listening(_port(database.dsn()))]),
        ]
        # Without a program nothing has a date: giving one starts the clock.
        await give_program(database)
        before, seconds, memory = measure(parts), 0.0, list[float]()
        async with owner_of(database) as owner:
            while not (await _ask(owner, _PROGRESS))["begun"]:  # noqa: ASYNC110
                await asyncio.sleep(0.002)  # asked of the database
            started = monotonic()
            while (await _ask(owner, _PROGRESS))["swept"] < 64:
                memory.append(_resident(expiry))
                await asyncio.sleep(0.1)
            seconds, after = monotonic() - started, measure(parts)
            left = await _ask(owner, _LEFT)
    assert (left["lots"], left["entries"]) == (0, MEMBERS)
    return MEMBERS / seconds, {name: after[name] - before[name] for name in after}, memory[::8]


async def _ask(owner: Connection, statement: str) -> asyncpg.Record:
    (row,) = await owner.fetch(statement, END)
    return row


async def _rival(postgres: PostgresHandle, kind: str, members: int) -> float:
    async with postgres.database() as database:
        await make_due(database, members)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.sweep_rivals", kind, database.dsn(), str(members)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
    return members / float(out.decode())


def _resident(service: Service) -> float:
    return float(psutil.Process(service.process.pid).memory_info().rss / 1e6)


def _port(dsn: str) -> int:
    port = urlsplit(dsn).port
    assert port is not None
    return port
