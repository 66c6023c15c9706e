"""What holds for whole worlds, told made-up stories."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import Event, Rules, World, shuffled, stories
from tests.support.model.account import Policy
from tests.support.model.stories import Story
from tests.unit.model.told import paid_for, refunded, tell

NOW = datetime(2025, 4, 1, tzinfo=UTC)  # a third of the stories' points have expired by then
SEEDS = range(4)
Rounding = Literal["down", "half-up", "up"]


def told(stream: list[Story], rules: Rules | None = None) -> World:
    world = World(rules or Rules())
    for kind, data in stream:
        world.tell({"type": kind, "data": data}, NOW)
    world.settle(NOW)
    return world


def standing(world: World) -> dict[str, object]:
    return {member: account.standing for member, account in world.accounts().items()}


@pytest.mark.parametrize("across_topics", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_does_not_matter(seed: int, *, across_topics: bool) -> None:
    stream = stories(seed, members=12, events=1_500, contested=False)
    straight = told(stream)
    mixed = told(shuffled(seed, stream, across_topics=across_topics))
    assert standing(mixed) == standing(straight)
    assert len(mixed.dead) == len(straight.dead)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_told_again_changes_nothing(seed: int) -> None:
    stream = stories(seed, members=12, events=1_500)
    assert told(stream + stream).accounts() == told(stream).accounts()


@pytest.mark.parametrize("seed", SEEDS)
def test_of_contested_claims_exactly_one_wins(seed: int) -> None:
    world = told(shuffled(seed, stories(seed, members=12, events=1_500)))
    entries = [entry for account in world.accounts().values() for entry in account.entries]
    orders = [entry.cause for entry in entries if entry.cause.endswith("/paid")]
    assert len(set(orders)) == len(orders) > 0
    bonuses = [e.cause for e in entries if e.cause.startswith("share/order/") and e.points > 0]
    friends = [world._orders[cause.removeprefix("share/order/")].member for cause in bonuses]
    assert len(set(friends)) == len(friends) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_any_schedule_of_sweeps_leads_to_the_same_ledgers(seed: int) -> None:
    never, often = _with_sweeps(seed, chance=0.0), _with_sweeps(seed, chance=0.2)
    assert often.accounts() == never.accounts()
    assert any(e.balance < 0 for account in never.accounts().values() for e in account.entries)


def _with_sweeps(seed: int, chance: float) -> World:
    """Let the days pass with the stories; members spend half of what they have now and then."""
    world, random = World(Rules()), Random(seed)  # noqa: S311
    stream = stories(seed, members=12, events=1_500)
    now = datetime(2024, 1, 3, tzinfo=UTC)
    for n, (kind, data) in enumerate(stream):
        now += timedelta(days=500) / len(stream)
        if random.random() < chance:
            world.settle(now, random.choice(list(world.accounts()) or [None]))
        world.tell({"type": kind, "data": data}, now)
        account, today = world.account(data["member_id"]), world.rules.day(now)
        if n % 7 == 0 and account.spendable(today):
            account.spend(account.spendable(today) // 2 + 1, cause=f"spend/{n}", today=today)
    world.settle(now)
    return world


lines = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 500), min_size=1)
parts = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 300)), max_size=8)


def _refund_of_line(refund_id: str, line: str, minor: int) -> Event:
    event = refunded(refund_id)
    event["data"]["lines"] = [{"line_id": line, "paid_minor": minor}]
    return event


@given(lines, parts, st.sampled_from(get_args(Rounding)))
def test_after_any_refunds_the_points_are_those_of_what_remains(
    goods: dict[str, int], refunds: list[tuple[str, int]], rounding: Rounding
) -> None:
    rules = Rules(rounding=rounding)
    world = World(rules)
    tell(world, paid_for(goods))
    left = dict(goods)
    for n, (line, minor) in enumerate(refunds):
        if line in left:
            tell(world, _refund_of_line(f"r{n}", line, minor))
            left[line] -= min(minor, left[line])
        assert world.account("ann").balance == rules.purchase("CNY", sum(left.values()))


@given(lines, st.lists(st.integers(0, 300), max_size=8), st.sampled_from(get_args(Policy)))
def test_many_refunds_are_one_full_refund(
    goods: dict[str, int], amounts: list[int], policy: Policy
) -> None:
    world = World(Rules(refund=policy))
    tell(world, paid_for(goods))
    for n, amount in enumerate(amounts):
        tell(world, refunded(f"r{n}", amount=amount))
    tell(world, refunded("rest", amount=sum(goods.values())))
    assert world.account("ann").balance == 0


@given(lines, st.lists(st.sampled_from(("sweep", "refund")), max_size=8))
def test_earn_expire_and_refund_end_at_nothing_in_any_order(
    goods: dict[str, int], acts: list[str]
) -> None:
    world = World(Rules())
    tell(world, paid_for(goods))
    for n, act in enumerate(acts):
        if act == "sweep":
            world.settle(NOW)
        else:
            tell(world, refunded(f"r{n}", amount=70), now="2024-06-01")
    tell(world, refunded("rest", amount=10_000), now="2026-01-01")
    account = world.account("ann")
    assert (account.balance, account.debt) == (0, 0)
    assert all(lot.expired == lot.forgiven for lot in account.lots.values())
