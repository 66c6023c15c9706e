"""Redeem's fold beside the executable specification: the same answers, line by line."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from services.redeem.domain.limits import Policy
from shared.ledger.entries import MemberId
from tests.support.model import Errands, Reward, Rules, Shop
from tests.support.model.world import Event
from tests.unit.model.test_shop_laws import BEGIN, MEMBERS, REWARDS, accounts, errands
from tests.unit.redeem.counter import Counter, counter, spelt

seeds = st.integers(0, 2**32)
CAKE = Reward(
    id="cake",
    points=20,
    stock=9,
    on_sale_from=BEGIN + timedelta(hours=4),
    on_sale_until=BEGIN + timedelta(days=2),
)
ODD = (
    *REWARDS,
    CAKE,
    Reward(id="crown", points=1, stock=1, tiers=("gold",)),
    Reward(id="moon", points=10**9, stock=9),
)


def both(
    told: list[tuple[datetime, Event]], rewards: tuple[Reward, ...], most_open: int = 3
) -> tuple[Shop, Counter]:
    shop = Shop(Rules(), accounts().__getitem__, rewards, most_open=most_open)
    engine = counter(accounts(), rewards, BEGIN, policy=Policy(most_open=most_open))
    for now, event in told:
        shop.tell(event, now)
        engine.tell([event], now)
    return shop, engine


def agree(shop: Shop, engine: Counter) -> None:
    for key, answer in shop.answers.items():
        mine = engine.answer(*key)
        assert (mine.status, mine.reason or "") == (answer.status, answer.reason), key
        assert (mine.figures or {}) == spelt(dict(answer.figures)), key
        assert mine.balance == answer.balance
    assert engine.answered() == set(shop.answers)
    assert engine.statuses() == shop.events
    settled_alike(shop, engine)
    for name in MEMBERS:
        lines = [one[:4] for one in shop.account_of(name).entries]
        book = engine.books[MemberId(name)]
        posted = [
            (one.line.telling.cause, one.line.kind, one.line.points, one.line.balance)
            for one in book.entries
        ]
        assert posted == lines
    for name, shelf in engine.desk.shelves.items():
        standing = [one for one in shop.redemptions.values() if one.stands]
        held = sum(one.quantity for one in standing if one.held and one.reward.id == name)
        assert shelf.stock.reserved == held
        assert shelf.stock.reserved + shelf.stock.sold == shop.taken(name)


def settled_alike(shop: Shop, engine: Counter) -> None:
    """What was refused for good, and what waits."""
    assert sorted(engine.dead) == sorted([(*_named(event), why) for event, why in shop.dead])
    assert engine.waits() == sorted([_named(event) for event in shop.parked])


def _named(event: Event) -> tuple[str, str]:
    return event["type"], event["data"]["redemption_id"]


@given(seeds, st.integers(1, 3))
@example(3299493, 1)  # a conflict while a parcel waits for a reservation whose time is over
def test_the_fold_and_the_model_agree(seed: int, most_open: int) -> None:
    agree(*both(errands(seed), REWARDS, most_open))


@given(seeds)
def test_they_agree_on_rewards_that_can_hardly_be_had(seed: int) -> None:
    random, now, told = Random(seed), BEGIN, []  # noqa: S311
    made = Errands(random=random, members=MEMBERS, rewards=[one.id for one in ODD])
    for _ in range(60):
        now += timedelta(minutes=random.choice((0, 1, 10, 16, 300, 1_500)))
        told.append((now, made.next(now)))
    agree(*both(told, ODD))


@given(seeds, st.floats(0, 1))
def test_they_agree_whenever_the_release_comes(seed: int, chance: float) -> None:
    has, random = accounts(), Random(seed)  # noqa: S311
    shop, engine = Shop(Rules(), has.__getitem__, REWARDS), counter(accounts(), REWARDS, BEGIN)
    for now, event in errands(seed):
        if random.random() < chance:
            shop.release(now)
            engine.release(now)
            settled_alike(shop, engine)
        shop.tell(event, now)
        engine.tell([event], now)
    settled_alike(shop, engine)
    assert shop.redemptions.keys() == engine.desk.redemptions.keys()
    for key, one in shop.redemptions.items():
        mine = engine.desk.redemptions[MemberId(key[0]), key[1]]
        assert (mine.status, mine.version, mine.reason or "") == (
            one.status,
            one.version,
            one.reason,
        )
    for name in MEMBERS:
        assert engine.books[MemberId(name)].balance == shop.account_of(name).balance


@given(seeds, st.integers(1, 60))
def test_the_size_of_batches_does_not_matter(seed: int, size: int) -> None:
    told = [event for _, event in errands(seed)]
    one_by_one, in_batches = (counter(accounts(), REWARDS, BEGIN) for _ in range(2))
    for event in told:
        one_by_one.tell([event], BEGIN)
    for first in range(0, len(told), size):
        in_batches.tell(told[first : first + size], BEGIN)
    assert in_batches.desk.kept == one_by_one.desk.kept
    assert in_batches.desk.redemptions == one_by_one.desk.redemptions
    assert in_batches.desk.shelves == one_by_one.desk.shelves
    assert in_batches.statuses() == one_by_one.statuses()
