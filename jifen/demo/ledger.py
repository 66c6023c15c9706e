"""What became of what was told: the services' progress, and what causes left in the ledger."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from pydantic import SecretStr

from jifen.demo.errors import ReplayError
from jifen.demo.meter import SaysDone
from jifen.demo.tell import Ends, Partition
from shared.platform import postgres
from shared.platform.clock import monotonic
from shared.platform.postgres import Connection
from shared.platform.settings import DatabaseSettings
from shared.platform.sql import load_statements
from shared.program.revisions import Revisions
from shared.program.store import read_newer

# The consumer group whose entries orders, check-ins and shares become.
EARN_GROUP: Final = "points-earn"
# So long without any progress, and it is no longer slow but stopped.
PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS = 0.1
_CAUSES_PER_QUERY = 2_000

SQL: Final = load_statements("jifen.demo")

# A member and what happened to them, by the ledger's name for it.
Told: TypeAlias = tuple[str, str]


@dataclass(kw_only=True, slots=True)
class Outcomes:
    """What became of a set of things told; points are signed, by kind of entry.

    `before` of the `entries` were there when the telling began. `covered`: points that refunds
    did not take because they had expired; `forgiven`: because the program forgives a shortfall.
    """

    entries: int = 0
    before: int = 0
    points: Counter[str] = field(default_factory=Counter)
    covered: int = 0
    forgiven: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    parked: int = 0

    @property
    def awarded(self) -> int:
        """Points given."""
        return self.points["earned"]

    @property
    def taken_back(self) -> int:
        """Points taken back, as a positive number."""
        return -self.points["reversed"]

    @property
    def withheld(self) -> int:
        """Points that refunds would have taken, had they not expired or been forgiven."""
        return self.covered + self.forgiven

    @property
    def repeats(self) -> int:
        """How many told nothing new: their entry was there, and agrees with them."""
        return max(0, self.before - self.refused["conflict"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Members' accounts summed up in three ways; `heads` is a hash of all their chains.

    `wrong` counts the members whose balance is not the sum of their entries, or not that of their
    lots less their debt.
    """

    members: int
    entries: int
    balance: int
    entry_points: int
    lot_points: int
    debt: int
    wrong: int
    heads: str | None


async def connect(database_url: str) -> Connection:
    """Open a connection for reading the ledger."""
    settings = DatabaseSettings(url=SecretStr(database_url))
    return await postgres.connect(
        settings,
        application_name="jifen-demo",
        server_settings={"default_transaction_read_only": "on"},
    )


async def revisions(connection: Connection) -> Revisions:
    """Read the program's revisions; raises ReplayError while there is none."""
    found = Revisions(await read_newer(connection, 0))
    if found.newest == 0:
        raise ReplayError("there is no program yet: see `jifen program`")
    return found


async def clock(connection: Connection) -> datetime:
    """Read the database's clock."""
    now: datetime = await connection.fetchval(SQL["clock"])
    return now


async def caught_up(connection: Connection, ends: Ends, say_left: SaysDone) -> None:
    """Wait until earn has applied all that lies before `ends`.

    Raises ReplayError when it makes no progress for a minute, or when its brake is on.
    """
    left, deadline = None, monotonic() + PATIENCE_SECONDS
    while True:
        behind = await _behind(connection, ends)
        say_left(behind)
        if behind == 0:
            return
        if left is None or behind < left:
            left, deadline = behind, monotonic() + PATIENCE_SECONDS
        elif (why := await connection.fetchval(SQL["brake"], EARN_GROUP)) is not None:
            raise ReplayError(f"earn is stopped by its brake ({why}): see `jifen brake show`")
        elif monotonic() > deadline:
            raise ReplayError(
                f"earn has read nothing for {PATIENCE_SECONDS:.0f} s, with {behind:,} events to go:"
                " see `jifen status` and `jifen logs earn`"
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _behind(connection: Connection, ends: Ends) -> int:
    rows = await connection.fetch(SQL["offsets"], EARN_GROUP)
    reached = {Partition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    return sum([max(0, end - reached.get(partition, 0)) for partition, end in ends.items()])


async def outcomes(connection: Connection, told: Sequence[Told], since: datetime) -> Outcomes:
    """Read what became of what was told since an instant of the database's clock."""
    found = Outcomes()
    for page in _pages(told):
        members, causes = [member for member, _ in page], [cause for _, cause in page]
        for row in await connection.fetch(SQL["outcomes"], members, causes, since):
            found.entries += row["entries"]
            found.before += row["before"]
            found.points[row["kind"]] += row["points"]
            found.covered += row["covered"]
            found.forgiven += row["forgiven"]
        for row in await connection.fetch(SQL["refusals"], members, causes, since, EARN_GROUP):
            found.refused[row["reason"]] += row["letters"]
        found.parked += await connection.fetchval(SQL["parked"], members, causes, EARN_GROUP)
    return found


async def standing(connection: Connection, members: Sequence[str]) -> Standing:
    """Sum up the accounts of members."""
    row = await connection.fetchrow(SQL["standing"], members)
    if row is None:
        raise AssertionError("an aggregate always has its row")
    return Standing(**dict(row))


def _pages(told: Sequence[Told]) -> Iterator[list[Told]]:
    rest = iter(told)
    while page := list(islice(rest, _CAUSES_PER_QUERY)):
        yield page
