"""What holds for redeeming, whatever is told and however time passes."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import Account, Errands, Reward, Rules, Shop
from tests.support.model.world import Event
from tests.unit.model.told import noon

BEGIN = noon("2024-03-30")
REWARDS = (
    Reward(id="mug", points=30, stock=12, daily_limit=5),
    Reward(id="bank", points=90, stock=4, monthly_limit=3),
)
MEMBERS = ["ann", "bob", "cat"]
PAUSES = (0, 0, 1, 2, 10, 16, 600)  # minutes

# Seeds, not hypothesis' own randoms: a story of many choices shrinks to nothing readable.
seeds = st.integers(0, 2**32)


def accounts() -> dict[str, Account]:
    """Members with points that end today, in some days, and never."""
    made = {member: Account() for member in MEMBERS}
    for n, account in enumerate(made.values()):
        today = BEGIN.date()
        parts = [(today + timedelta(days=days), 60 + 20 * n) for days in (0, 1, 3, 400)]
        account.credit(parts, cause="gift", today=today)
    return made


def errands(seed: int, count: int = 60) -> list[tuple[datetime, Event]]:
    random = Random(seed)  # noqa: S311
    made, now, told = Errands(random=random, members=MEMBERS, rewards=["mug", "bank"]), BEGIN, []
    for _ in range(count):
        now += timedelta(minutes=random.choice(PAUSES))
        told.append((now, made.next(now)))
    return told


def run(told: list[tuple[datetime, Event]], rewards: Iterable[Reward] = REWARDS) -> Shop:
    shop = Shop(Rules(), accounts().__getitem__, rewards)
    for now, event in told:
        shop.tell(event, now)
    return shop


@given(seeds)
def test_nothing_is_oversold_and_no_limit_passed(seed: int) -> None:
    shop = run(errands(seed))
    for reward in REWARDS:
        assert 0 <= shop.taken(reward.id) <= reward.stock
    standing = [one for one in shop.redemptions.values() if one.stands]
    by_day: Counter[tuple[str, date]] = Counter()
    by_month: Counter[tuple[str, str, int, int]] = Counter()
    for one in standing:
        by_day[one.reward.id, one.day] += one.quantity
        by_month[one.reward.id, one.member, one.day.year, one.day.month] += one.quantity
    assert all(count <= 5 for (reward, *_), count in by_day.items() if reward == "mug")
    assert all(count <= 3 for (reward, *_), count in by_month.items() if reward == "bank")


@given(seeds)
def test_each_redemption_is_charged_once_and_given_back_at_most_once(seed: int) -> None:
    shop = run(errands(seed))
    moved: Counter[tuple[str, str]] = Counter()
    for member in MEMBERS:
        causes = [entry.cause for entry in shop.account_of(member).entries]
        assert len(set(causes)) == len(causes)
        for entry in shop.account_of(member).entries:
            if entry.kind in {"redeemed", "returned"}:
                moved[member, entry.cause.split("/")[1]] += entry.points
    assert {key: -points for key, points in moved.items()} == {
        key: one.points if one.stands else 0 for key, one in shop.redemptions.items()
    }


@given(seeds)
def test_everything_told_again_changes_nothing(seed: int) -> None:
    told = errands(seed)
    once, twice = run(told), run([one for one in told for _ in range(2)])
    assert twice.redemptions == once.redemptions
    assert twice.answers == once.answers
    assert twice.events == once.events


@given(seeds, st.floats(0, 1))
def test_any_schedule_of_releases_leads_to_the_same_accounts(seed: int, chance: float) -> None:
    """Where there is enough for all: a late release keeps from others, never from oneself."""
    told, random = errands(seed), Random(seed)  # noqa: S311
    plenty = [Reward(id=one.id, points=one.points, stock=10**6) for one in REWARDS]
    end = told[-1][0] + timedelta(minutes=15)
    rare, often = run(told, plenty), Shop(Rules(), accounts().__getitem__, plenty)
    for now, event in told:
        if random.random() < chance:
            often.release(now)
        often.tell(event, now)
    for shop in (rare, often):
        shop.release(end)
    assert often.redemptions == rare.redemptions
    for member in MEMBERS:
        for shop in (rare, often):
            shop.account_of(member).expire(Rules().day(end))
        assert often.account_of(member).standing == rare.account_of(member).standing


@given(seeds)
def test_versions_count_the_statuses_of_each_redemption(seed: int) -> None:
    shop = run(errands(seed))
    versions: dict[str, list[int]] = {}
    for status, redemption, version, _ in shop.events:
        if status != "rejected":
            versions.setdefault(redemption, []).append(version)
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
    assert {name: seen[-1] for name, seen in versions.items()} == {
        one.id: one.version for one in shop.redemptions.values()
    }


@given(seeds)
def test_a_balance_is_what_came_less_what_was_spent(seed: int) -> None:
    shop = run(errands(seed))
    for member in MEMBERS:
        account = shop.account_of(member)
        assert account.balance == sum(entry.points for entry in account.entries)
        assert account.balance == sum(lot.points for lot in account.lots.values()) - account.debt
