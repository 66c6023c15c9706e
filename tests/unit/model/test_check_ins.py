"""Daily check-ins: the ladder, its settings, full attendance, and days told late."""

from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import Rules, World
from tests.unit.model.told import came, line_points, on, tell


def days_of(first: str, count: int) -> list[str]:
    return [str(on(first) + timedelta(days=n)) for n in range(count)]


def worth(rules: Rules, *days: str) -> list[int]:
    return list(rules.check_ins([on(day) for day in days]).values())


def test_the_ladder_climbs_and_begins_again() -> None:
    assert worth(Rules(), *days_of("2024-01-01", 9)) == [1, 2, 3, 4, 5, 6, 10, 1, 2]


def test_the_ladder_can_stay_on_its_last_rung() -> None:
    rules = Rules(after_last="stay")
    assert worth(rules, *days_of("2024-01-01", 9)) == [1, 2, 3, 4, 5, 6, 10, 10, 10]


def test_a_missed_day_resets_or_does_not() -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-04"]
    assert worth(Rules(), *days) == [1, 2, 1]
    assert worth(Rules(missed_day="continue"), *days) == [1, 2, 3]


def test_a_whole_month_earns_the_bonus_once() -> None:
    world = World(Rules())
    tell(world, *map(came, days_of("2024-02-01", 29)), now="2024-03-01")
    entries = world.account("ann").entries
    assert entries[-1].points == 1 + 50  # day 29 is the first rung of the fifth round
    assert sum(entry.points > 50 for entry in entries) == 1


def test_the_late_day_that_completes_a_month_carries_the_bonus() -> None:
    world = World(Rules(ladder=(1,)))
    days = days_of("2024-02-01", 29)
    tell(world, *map(came, [*days[:9], *days[10:], days[9]]), now="2024-03-01")
    assert line_points(world.account("ann"))[-1] == ("check-in/2024-02-10", "earned", 51, 79)


def test_a_late_day_corrects_the_days_after_it() -> None:
    world = World(Rules())
    tell(world, came("2024-01-01"), came("2024-01-03"), came("2024-01-04"), came("2024-01-02"))
    assert line_points(world.account("ann")) == [
        ("check-in/2024-01-01", "earned", 1, 1),
        ("check-in/2024-01-03", "earned", 1, 2),
        ("check-in/2024-01-04", "earned", 2, 4),
        ("check-in/2024-01-02", "earned", 2, 6),
        ("check-in/2024-01-03/corrected/1", "earned", 2, 8),
        ("check-in/2024-01-04/corrected/1", "earned", 2, 10),
    ]


def test_a_correction_can_take_points_back_from_the_later_days_lot() -> None:
    """The ladder begins again at the day that was thought to be its top."""
    world = World(Rules(ladder=(1, 5)))
    tell(world, came("2024-01-31"), came("2024-02-01"), came("2024-01-30"), now="2024-02-02")
    account = world.account("ann")
    assert line_points(account)[2:] == [
        ("check-in/2024-01-30", "earned", 1, 7),
        ("check-in/2024-01-31/corrected/1", "earned", 4, 11),
        ("check-in/2024-02-01/corrected/1", "reversed", -4, 7),
    ]
    assert account.lots[on("2025-01-31")].points == 6
    assert account.lots[on("2025-02-28")].points == 1


def test_the_same_day_can_be_corrected_again() -> None:
    world = World(Rules())
    tell(world, *map(came, ["2024-01-04", "2024-01-03", "2024-01-02"]))
    causes = [entry.cause for entry in world.account("ann").entries]
    assert [cause for cause in causes if cause.startswith("check-in/2024-01-04/")] == [
        "check-in/2024-01-04/corrected/1",
        "check-in/2024-01-04/corrected/2",
    ]


def test_any_order_of_telling_ends_at_the_same_points() -> None:
    days = ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02", "2024-02-04"]
    ends = set()
    for told in permutations(days):
        world = World(Rules(ladder=(1, 7, 2)))
        tell(world, *map(came, told), now="2024-02-05")
        ends.add(tuple(sorted((d, lot.points) for d, lot in world.account("ann").lots.items())))
    assert len(ends) == 1


@given(st.sets(st.dates(on("2024-01-01"), on("2024-04-30")), min_size=1))
def test_continue_counts_days_and_reset_counts_runs(days: set[object]) -> None:
    ladder = tuple(range(1, 200))
    told = sorted(map(str, days))
    assert worth(Rules(ladder=ladder, missed_day="continue"), *told) == list(
        range(1, len(told) + 1)
    )
    for day, points in zip(told, worth(Rules(ladder=ladder)), strict=False):
        run = {str(on(day) - timedelta(days=n)) for n in range(points)}
        assert run <= set(told)
        assert str(on(day) - timedelta(days=points)) not in told
