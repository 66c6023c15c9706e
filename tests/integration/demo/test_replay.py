"""A file told through a real Kafka: its sums, its second telling, and what is refused."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from jifen.demo import ledger
from jifen.demo.errors import ReplayError
from jifen.demo.form import Form
from jifen.demo.ledger import Standing
from jifen.demo.meter import Meter
from jifen.demo.parse import Skip
from jifen.demo.replay import Summary, plan, replay
from jifen.demo.report import lines
from jifen.demo.tell import Partition
from jifen.demo.telling import Place, check
from tests.unit.demo.files import file, line

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[3]


class WholeFile(BaseSettings):
    """Where the first 10,000 lines of the Online Retail file are (JIFEN_TEST_ONLINE_RETAIL)."""

    model_config = SettingsConfigDict(env_prefix="JIFEN_TEST_")

    online_retail: Path | None = None

    def found(self) -> Path:
        """Return the file, named or in a data folder beside the project; skip without it."""
        beside = PROJECT.parent.glob("*/data/online_retail.csv")
        path = self.online_retail or next(iter(sorted(beside)), None)
        if path is None:
            pytest.skip("no Online Retail file here: JIFEN_TEST_ONLINE_RETAIL names one")
        return path


def shop(folder: Path) -> Path:
    """Write a shop's days: sales, returns that match and some that don't, untidy lines."""
    return file(
        folder,
        line("1", "11111", quantity="10", price="2.55", customer="7"),
        line("1", "22222", quantity="3", price="0.335", customer="7"),
        line("1", "POST", quantity="1", price="18", customer="7"),
        line("2", "11111", quantity="4", price="1.00", customer="8", at="2010-12-01 09:00"),
        line("3", "33333", quantity="1", price="0", customer="8", at="2010-12-01 09:01"),
        line("4", "33333", quantity="1", price="9", customer="", at="2010-12-01 09:02"),
        line("C5", "11111", quantity="-4", price="2.55", customer="7", at="2010-12-02 09:00"),
        line("C6", "11111", quantity="-5", price="1.00", customer="8", at="2010-12-02 09:00"),
        line("C7", "99999", quantity="-1", price="1.00", customer="8", at="2010-12-02 09:00"),
    )


async def told(path: Path, place: Place, meter: Meter, *, shift: bool = True) -> Summary:
    return await replay(plan(path, Form(), place.home, meter, shift_to_now=shift), place, meter)


async def standing(place: Place, summary: Summary) -> Standing:
    connection = await ledger.connect(place.database_url)
    try:
        return await ledger.standing(connection, summary.telling.members)
    finally:
        await connection.close()


async def test_points_are_what_the_file_says(place: Place, meter: Meter, tmp_path: Path) -> None:
    summary = await told(shop(tmp_path), place, meter)
    assert (summary.rows, summary.orders, summary.refunds) == (9, 2, 2)
    assert summary.skipped == {Skip.NO_GOODS: 1, Skip.ZERO_PRICE: 1, Skip.NO_CUSTOMER: 1}
    assert [(one.invoice, one.quantity) for one in summary.unmatched] == [("C6", 1), ("C7", 1)]
    # 10 x 2.55 + 3 x 0.335 rounded up: 26.51; 4 x 1.00. Back: 10.20 of 26.51, 4.00 of 4.00.
    assert summary.telling.outcomes.awarded == 26 + 4
    assert summary.telling.outcomes.taken_back == (26 - 16) + 4
    now = await standing(place, summary)
    assert (now.members, now.entries, now.balance, now.wrong) == (2, 4, 16, 0)
    assert now.balance == now.entry_points == now.lot_points


async def test_a_second_telling_changes_nothing(place: Place, meter: Meter, tmp_path: Path) -> None:
    path = shop(tmp_path)
    first = await told(path, place, meter)
    before = await standing(place, first)
    second = await told(path, place, meter)
    assert not first.telling.all_repeats
    assert second.telling.all_repeats
    assert second.telling.outcomes.points == first.telling.outcomes.points
    assert await standing(place, second) == before
    assert "events told                      4, 4 of them told before" in list(lines(second))


async def test_orders_told_with_other_dates_are_refused_and_counted(
    place: Place, meter: Meter, tmp_path: Path
) -> None:
    path = shop(tmp_path)
    await told(path, place, meter)
    again = await told(path, place, meter, shift=False)
    assert again.telling.outcomes.refused == {"conflict": 4}
    assert again.telling.outcomes.repeats == 0
    assert again.telling.missing == 0
    with pytest.raises(ReplayError, match="4 of 4 events were told before with other contents"):
        check(again.telling)


async def test_orders_from_before_time_began_are_refused_and_counted(
    place: Place, meter: Meter, tmp_path: Path
) -> None:
    path = file(tmp_path, line(at="1999-12-01 08:00"), line("2"))
    summary = await told(path, place, meter, shift=False)
    assert summary.telling.outcomes.refused == {"time-out-of-range": 1}
    assert summary.telling.outcomes.entries == 1
    assert summary.telling.missing == 0
    with pytest.raises(ReplayError, match="not everything was accepted"):
        check(summary.telling)


async def test_a_file_of_nothing_tells_nothing(place: Place, meter: Meter, tmp_path: Path) -> None:
    summary = await told(file(tmp_path), place, meter)
    assert (summary.rows, summary.orders) == (0, 0)
    assert list(lines(summary))


async def test_an_earn_that_stands_still_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "PATIENCE_SECONDS", 0.3)
    connection = await ledger.connect(place.database_url)
    try:
        ends = {Partition("orders.v1", 0): 1_000}
        with pytest.raises(ReplayError, match=r"earn has read nothing .* 1,000 events to go"):
            await ledger.caught_up(connection, ends, lambda _: None)
    finally:
        await connection.close()


def reckoned(path: Path) -> tuple[int, int]:
    """Add the whole file up without any of the product's code: (orders, points)."""
    minor: defaultdict[str, int] = defaultdict(int)
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            is_goods = row["StockCode"][:5].isdigit()
            is_sale = not row["InvoiceNo"].startswith("C") and Decimal(row["UnitPrice"]) > 0
            if row["CustomerID"] and is_goods and is_sale:
                money = Decimal(row["UnitPrice"]) * 100 * int(row["Quantity"])
                assert money == int(money)
                minor[row["InvoiceNo"]] += int(money)
    return len(minor), sum(one // 100 for one in minor.values())


async def test_real_orders_come_to_what_the_file_says(place: Place, meter: Meter) -> None:
    path = WholeFile().found()
    summary = await told(path, place, meter)
    assert (summary.orders, summary.telling.outcomes.awarded) == reckoned(path)
    assert summary.telling.missing == 0
    assert not summary.telling.outcomes.refused
    assert summary.refunds == 9
    assert (await standing(place, summary)).wrong == 0
