"""A quote is what the request then comes to."""

from copy import deepcopy
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.redeem.domain.limits import Asked, Policy
from services.redeem.domain.quote import Quote, quote
from shared.ledger.entries import NEVER, MemberId
from shared.pipeline.moment import moment_at
from tests.support.model import Account, Reward
from tests.support.model.errands import request
from tests.unit.model.test_shop_laws import BEGIN, MEMBERS, REWARDS, accounts, errands
from tests.unit.redeem.counter import PROGRAM, Counter, counter

ANN = MemberId("ann")
MUG = Reward(id="mug", points=30, stock=12, daily_limit=5, monthly_limit=2)


def quoted(engine: Counter, member: str, *, reward: str = "mug", quantity: int = 1) -> Quote:
    name = MemberId(member)
    asked = Asked(member_id=name, reward_id=reward, quantity=quantity, holds=True, at=BEGIN)
    scratch = deepcopy(engine.books[name]), deepcopy(engine.desk)
    return quote(asked, *scratch, moment_at(BEGIN, PROGRAM), policy=Policy())


@given(st.integers(0, 2**32), st.sampled_from(MEMBERS), st.sampled_from(("mug", "bank", "x")))
def test_a_request_comes_to_what_was_quoted(seed: int, member: str, reward: str) -> None:
    engine = counter(accounts(), REWARDS, BEGIN)
    engine.tell([event for _, event in errands(seed, 30)], BEGIN)
    quantity = seed % 3 + 1
    before = deepcopy(engine.desk)
    said = quoted(engine, member, reward=reward, quantity=quantity)
    assert engine.desk == before
    event = request(member, "asked-now", BEGIN, reward=reward, quantity=quantity)
    engine.tell([event], BEGIN)
    answer = engine.answer(member, "redemption/asked-now/reserve")
    assert (said.reason, said.figures or {}) == (answer.reason, answer.figures or {})
    if answer.reason is None:
        assert (said.points, said.lots, said.balance_after) == (
            answer.points,
            answer.lots,
            answer.balance,
        )


def test_a_quote_says_which_limits_remain() -> None:
    account = Account()
    account.credit([(BEGIN.date(), 40), (NEVER, 40)], cause="gift", today=BEGIN.date())
    engine = counter({"ann": account}, [MUG], BEGIN)
    engine.tell([request("ann", "r1", BEGIN)], BEGIN)
    said = quoted(engine, "ann")
    assert [(part.expires_on, part.points) for part in said.lots] == [
        (BEGIN.date(), 10),
        (None, 20),
    ]
    assert (said.balance_after, said.stock_left, said.open_left) == (20, 11, 2)
    assert said.daily
    assert said.monthly
    assert (said.daily.limit, said.daily.left, said.monthly.left) == (5, 4, 1)
    assert said.monthly.resets_at - BEGIN == timedelta(days=1, hours=12)


def test_what_is_over_counts_as_released() -> None:
    account = Account()
    account.credit([(NEVER, 30)], cause="gift", today=BEGIN.date())
    engine = counter({"ann": account}, [MUG], BEGIN)
    engine.tell(
        [request("ann", "r1", BEGIN - timedelta(minutes=15))], BEGIN - timedelta(minutes=15)
    )
    said = quoted(engine, "ann")
    assert (said.reason, said.balance_after, said.stock_left) == (None, 0, 12)


def test_what_is_refused_is_quoted_with_its_reason() -> None:
    engine = counter({"ann": Account()}, [MUG], BEGIN)
    said = quoted(engine, "ann")
    assert (said.reason, said.figures) == (
        "insufficient-points",
        {"needs": 30, "has": 0, "owes": 0},
    )
    assert (said.points, said.lots, said.balance_after) == (30, (), None)
    assert quoted(engine, "ann", reward="cup").reason == "unknown-reward"
