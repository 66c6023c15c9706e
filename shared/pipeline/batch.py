"""One batch, one transaction: load under locks, decide, store, commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic

from shared.contract.codec import Record
from shared.ledger import store as ledger
from shared.ledger.book import empty_book, sum_by_kind
from shared.ledger.entries import Cause, MemberId
from shared.pipeline import store
from shared.pipeline.command import Applied, Command, Item, Reply, understood
from shared.pipeline.domain import Domain, State
from shared.pipeline.errors import LostRaceError, StaleOffsetsError
from shared.pipeline.fold import Folded, Waiting, fold, in_time
from shared.pipeline.moment import moment_at
from shared.pipeline.stages import Stages
from shared.pipeline.store import Move
from shared.platform.postgres import Connection
from shared.program.revisions import Revisions
from shared.program.store import caught_up


@dataclass(slots=True, kw_only=True)
class Batch(Generic[State]):
    """The unit of work of one service; `revisions` grows as new ones are applied."""

    domain: Domain[State]
    cluster_id: str
    revisions: Revisions
    # What a caller is told of a command that was applied, now or before.
    answer: Callable[[Command, State], object] | None = None

    @property
    def group(self) -> str:
        """The consumer group whose offsets move with each batch."""
        return self.domain.group

    def understand(self, record: Record) -> Item:
        """Turn a record into a command, or into why it can't be one; never raises for its bytes."""
        return understood(record, self.domain.command)

    async def run(
        self, connection: Connection, items: Sequence[Item], moves: Sequence[Move], stages: Stages
    ) -> Folded:
        """Apply items and move offsets, or do nothing at all and raise.

        Raises StaleOffsetsError, BrakeTrippedError, or what the driver and our own code raise
        (see `failure.is_poison`).
        """
        async with connection.transaction():
            is_known = await store.begin(
                connection,
                group=self.domain.group,
                cluster_id=self.cluster_id,
                moves=moves,
                known=self.revisions.last,
            )
            if not is_known:
                await self._catch_up(connection)
            members = sorted({item.member_id for item in items if isinstance(item, Command)})
            books, now = await self._lock(connection, members)
            moment = moment_at(now, self.revisions)
            items = in_time(items, moment.today.now)
            commands = [item for item in items if isinstance(item, Command)]
            state = await self.domain.lock(connection, commands)
            waiting = await self._find_waiting(connection, commands, books)
            commands += [
                one.item
                for one in waiting
                if isinstance(one.item, Command) and one.item.member_id in books
            ]
            await self._load(connection, commands, books, state, moment.today.day)
            await self.domain.load(connection, commands, state)
            stages.mark("load")
            folded = fold(
                items, domain=self.domain, books=books, state=state, moment=moment, waiting=waiting
            )
            stages.mark("decide")
            await ledger.post(connection, books.values())
            await self.domain.store(connection, state)
            await store.write(connection, self.domain.group, folded)
            stages.mark("store")
        stages.mark("commit")
        folded.posted = sum_by_kind(books.values())
        folded.replies = [self._reply(one, reply, state) for one, reply in folded.replies]
        return folded

    async def _catch_up(self, connection: Connection) -> None:
        """Take over the revisions there are.

        Raises StaleOffsetsError where days begin by another clock now: what was understood by the
        old one must be read again. LostRaceError where there is no revision at all any more.
        """
        revisions = await caught_up(connection, self.revisions)
        if revisions.last is None:
            raise LostRaceError("the database holds no program revision any more")
        self.revisions, zone = revisions, revisions.zone
        if zone != self.domain.zone:
            self.domain = self.domain.in_zone(zone)
            raise StaleOffsetsError(f"the program's zone is {zone} now: reading again by its days")

    def _reply(self, command: Command, reply: Reply, state: State) -> tuple[Command, Reply]:
        if self.answer is None or not isinstance(reply.outcome, Applied):
            return command, reply
        return command, reply._replace(body=self.answer(command, state))

    async def _lock(self, connection: Connection, members: Sequence[MemberId]) -> ledger.Locked:
        """Lock the members' accounts; who has none and gets none has an empty book.

        Nothing may be posted to such a book: the database takes no entry without an account. But
        what is decided over it counts, and so nobody may open the account meanwhile.
        """
        may_open = members if self.domain.opens_accounts else []
        locked = await ledger.lock_now(connection, members, may_open)
        absent = [one for one in members if one not in locked.books]
        if not absent:
            return locked
        if not await ledger.hold_absent(connection, absent):
            raise LostRaceError("an account was opened meanwhile")
        empty = {one: empty_book(one) for one in absent}
        return ledger.Locked(locked.books | empty, await ledger.read_clock(connection))

    async def _load(
        self,
        connection: Connection,
        commands: Sequence[Command],
        books: ledger.Books,
        state: State,
        today: date,
    ) -> None:
        """Load what deciding the commands depends on, and of many members that is little."""
        asks, only_adds = self.domain.asks, self.domain.only_adds
        asked = [(one.member_id, cause) for one in commands for cause in asks(one, state)]
        taking = {one.member_id for one in commands if not only_adds(one)}
        await ledger.load(connection, books, asked, adding=books.keys() - taking, today=today)

    async def _find_waiting(
        self, connection: Connection, commands: Sequence[Command], books: ledger.Books
    ) -> list[Waiting]:
        """Read what the commands may wake, and what that may wake in its turn."""
        found: list[Waiting] = []
        asked: set[Cause] = set()
        while names := {name for one in commands for name in one.may_wake} - asked:
            asked |= names
            rows = await store.find_parked(connection, self.domain.group, list(names))
            woken = [
                Waiting(awaits=cause, item=self.understand(record), parked_id=parked_id)
                for parked_id, cause, record in rows
            ]
            found += woken
            commands = [
                one.item
                for one in woken
                if isinstance(one.item, Command) and one.item.member_id in books
            ]
        return found
