"""Random batches on real PostgreSQL: after each, the tables are the specification's accounts."""

import asyncio
from copy import deepcopy
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared.ledger import store
from shared.ledger.entries import MemberId
from shared.platform.postgres import Connection
from tests.integration.ledger.desk import audited, connect, expected, live, standing, take
from tests.support.databases import Database
from tests.unit.ledger.lives import Life, Step, steps

pytestmark = pytest.mark.integration

MEMBERS = 3
batches = st.lists(st.tuples(st.integers(0, MEMBERS - 1), steps), min_size=1, max_size=6)


class Posting(RuleBasedStateMachine):
    """Members that nobody else has; each rule is one transaction of a service."""

    runner: asyncio.Runner
    connection: Connection
    names = count()

    def __init__(self) -> None:
        super().__init__()
        ids = [MemberId(f"m{next(self.names)}") for _ in range(MEMBERS)]
        self.lives = {member: Life() for member in ids}
        self.members = ids

    @rule(batch=batches)
    def post(self, batch: list[tuple[int, Step]]) -> None:
        acts = [(self.members[who], step) for who, step in batch]
        self.runner.run(live(self.connection, self.lives, acts))

    @rule(batch=batches)
    def fail_before_the_commit(self, batch: list[tuple[int, Step]]) -> None:
        self.runner.run(self.roll_back([(self.members[who], step) for who, step in batch]))

    async def roll_back(self, acts: list[tuple[MemberId, Step]]) -> None:
        transaction = self.connection.transaction()
        await transaction.start()
        books = await take(self.connection, self.members)
        lives = deepcopy(self.lives)
        for member, step in acts:
            lives[member].live(books[member], step)
        await store.post(self.connection, books.values())
        await transaction.rollback()

    @invariant()
    def the_tables_are_the_specifications(self) -> None:
        for member, life in self.lives.items():
            found = self.runner.run(standing(self.connection, member))
            assert found == expected(life)


def test_the_tables_are_the_specifications_after_every_batch(database: Database) -> None:
    with asyncio.Runner() as runner:
        Posting.runner = runner
        Posting.connection = runner.run(connect(database))
        run_state_machine_as_test(
            Posting,
            settings=settings(
                max_examples=40,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        audit = runner.run(audited(database))
        runner.run(Posting.connection.close())
    assert audit.findings == []
    assert audit.entries > 100
