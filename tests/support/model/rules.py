"""The program's numbers and what each rule makes of them; the defaults are the guide's."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from tests.support.model.account import NEVER, Policy

MOST_POINTS = 10**9
"""No order is worth more, whatever it cost."""


@dataclass(frozen=True, slots=True)
class Never:
    """Points stay for ever."""

    def expires_on(self, _earned: date) -> date:
        return NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDate:
    """The next such day of the year that leaves the member at least so many days."""

    month: int = 12
    day: int = 31
    at_least_days: int = 90

    def expires_on(self, earned: date) -> date:
        year = earned.year
        while (_day_of(year, self.month, self.day) - earned).days < self.at_least_days:
            year += 1
        return _day_of(year, self.month, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBatch:
    """Earned in January 2024, spendable to the last day of January 2025."""

    after_months: int = 12

    def expires_on(self, earned: date) -> date:
        months = earned.year * 12 + (earned.month - 1) + self.after_months
        return _day_of(months // 12, months % 12 + 1, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """So many years from the day of earning; 29 February becomes 28 February."""

    years: int = 2

    def expires_on(self, earned: date) -> date:
        return _day_of(earned.year + self.years, earned.month, earned.day)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _guide_rates() -> dict[str, tuple[int, int]]:
    return dict.fromkeys(("CNY", "USD", "EUR", "GBP"), (1, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One program document, as far as rules exist."""

    currencies: Mapping[str, tuple[int, int]] = field(default_factory=_guide_rates)
    """Points, and for how many minor units of that money."""
    rounding: Literal["down", "half-up", "up"] = "down"
    refund: Policy = "debt"
    ladder: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 10)
    after_last: Literal["restart", "stay"] = "restart"
    missed_day: Literal["reset", "continue"] = "reset"
    full_attendance: int = 50
    friend_clicks: int = 5
    friend_orders: int = 50
    expiry: Never | FixedDate | MonthBatch | Rolling = field(default_factory=MonthBatch)
    zone: str = "Asia/Shanghai"

    def day(self, moment: datetime) -> date:
        """Name the local day: a day begins at midnight where the shop is."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def purchase(self, currency: str, minor: int) -> int:
        """Whole points for money, rounded once; a currency the program doesn't name is worth 0."""
        points, per = self.currencies.get(currency, (0, 1))
        whole, rest = divmod(minor * points, per)
        up = {"down": False, "half-up": 2 * rest >= per, "up": rest > 0}[self.rounding]
        return min(whole + up, MOST_POINTS)

    def check_ins(self, days: Iterable[date]) -> dict[date, int]:
        """Say what each of a member's check-in days is worth when these are all there are."""
        worth = {}
        position, yesterday = 0, date.min
        for day in sorted(days):
            missed = (day - yesterday).days > 1
            position = 1 if missed and self.missed_day == "reset" else position + 1
            worth[day] = self._rung(position)
            yesterday = day
        return worth

    def attendance(self, days: Iterable[date], month_of: date) -> int:
        """Pay the bonus when no day of the month is missing."""
        present = {day for day in days if (day.year, day.month) == (month_of.year, month_of.month)}
        whole = len(present) == monthrange(month_of.year, month_of.month)[1]
        return self.full_attendance if whole else 0

    def _rung(self, position: int) -> int:
        last = len(self.ladder)
        if not last:
            return 0
        if self.after_last == "restart":
            return self.ladder[(position - 1) % last]
        return self.ladder[min(position, last) - 1]
