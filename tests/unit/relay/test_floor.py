"""The floor never passes an id that may still appear, whatever transactions do."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from services.relay.domain import Floor, Snapshot


@dataclass(slots=True)
class Table:
    """Transactions that draw ids and commit when they like, and what a reader sees."""

    next_transaction: int = 1
    next_id: int = 1
    running: dict[int, list[int]] = field(default_factory=dict)
    visible: set[int] = field(default_factory=set)

    def begin(self) -> None:
        self.running[self.next_transaction] = []
        self.next_transaction += 1

    def draw(self, choice: int) -> None:
        if self.running:
            self.running[self._chosen(choice)].append(self.next_id)
            self.next_id += 1

    def commit(self, choice: int) -> None:
        if self.running:
            self.visible.update(self.running.pop(self._chosen(choice)))

    def snapshot(self) -> Snapshot:
        return Snapshot(
            oldest_running=min(self.running, default=self.next_transaction),
            next=self.next_transaction,
        )

    def _chosen(self, choice: int) -> int:
        return sorted(self.running)[choice % len(self.running)]


def relay(table: Table, floor: Floor, limit: int) -> None:
    """Do what the relay does with one page."""
    floor.observe(table.snapshot())
    page = sorted(number for number in table.visible if number > floor.value)[:limit]
    floor.read(page[0] if page else None)
    table.visible.difference_update(page)
    if page:
        floor.deleted(page[-1])


STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "draw", "commit", "relay"]), st.integers(0, 5)),
    max_size=200,
)


@given(STEPS)
def test_no_row_is_ever_left_below_the_floor(steps: list[tuple[str, int]]) -> None:
    table, floor = Table(), Floor()
    for step, number in steps:
        if step == "begin":
            table.begin()
        elif step == "draw":
            table.draw(number)
        elif step == "commit":
            table.commit(number)
        else:
            relay(table, floor, limit=number + 1)
        open_ids = [number for ids in table.running.values() for number in ids]
        assert floor.value < min([*table.visible, *open_ids], default=table.next_id)


def test_the_floor_follows_when_transactions_end() -> None:
    table, floor = Table(), Floor()
    for _ in range(10):
        table.begin()
        table.draw(0)
        table.commit(0)
        relay(table, floor, limit=10)
    assert floor.value >= 7


def test_the_floor_waits_for_a_transaction_that_ran_when_it_was_noted() -> None:
    table, floor = Table(), Floor()
    table.begin()
    table.draw(0)
    for _ in range(5):
        table.begin()
        table.draw(1)
        table.commit(1)
        relay(table, floor, limit=10)
    assert floor.value == 0
    table.commit(0)
    relay(table, floor, limit=10)
    assert table.visible == set()
