"""The law of one account: dated lots and one balance; a balance below zero is a debt.

Every operation settles first: what is past its date expires before anything else happens.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

NEVER = date.max

Kind = Literal["earned", "reversed", "redeemed", "returned", "expired", "adjusted"]
Policy = Literal["debt", "clip"]
Part = tuple[date, int]
"""Points and the last local day on which they can be spent."""


@dataclass(slots=True)
class Lot:
    """All points of one member that share one date."""

    points: int = 0
    expired: int = 0
    forgiven: int = 0  # of the expired ones: not asked for again when their award was refunded
    times_expired: int = 0


class Entry(NamedTuple):
    """One line of the ledger: points and lots signed, the balance after it.

    `why` is there when a rule made the command worth nothing.
    """

    cause: str
    kind: Kind
    points: int
    balance: int
    lots: tuple[Part, ...] = ()
    why: str = ""


class NotEnoughError(Exception):
    """The member can't spend what they don't have."""


@dataclass(slots=True)
class Account:
    """What one member has, and every line that led there."""

    balance: int = 0
    lots: dict[date, Lot] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    @property
    def debt(self) -> int:
        return max(0, -self.balance)

    @property
    def standing(self) -> tuple[int, dict[date, tuple[int, int]]]:
        """Balance, and per date the points left and those lost for good, where there are any.

        Without spending this is what no order of arrival across members or topics can change; a
        lot that expired before a refund and one refunded before it expired are the same here.
        """
        lots = {day: (lot.points, lot.expired - lot.forgiven) for day, lot in self.lots.items()}
        return self.balance, {day: lot for day, lot in lots.items() if lot != (0, 0)}

    def spendable(self, today: date) -> int:
        """Sum what is not past its date, whether or not the sweep has been here."""
        return sum(lot.points for day, lot in self.lots.items() if day >= today)

    def credit(
        self,
        parts: Iterable[Part],
        *,
        cause: str,
        today: date,
        kind: Kind = "earned",
        why: str = "",
    ) -> None:
        """Repay debt first, from the earliest-dated part; the rest goes to the lots of its dates.

        What comes to a date already past expires at once, as an entry of its own.
        """
        self.expire(today)
        parts = sorted(parts)
        owed = self.debt
        moved = []
        for day, points in parts:
            repaid = min(owed, points)
            owed -= repaid
            moved.append((day, points - repaid))
        self._post(cause, kind, sum(points for _, points in parts), moved, why)
        self.expire(today)

    def spend(self, points: int, *, cause: str, today: date) -> list[Part]:
        """Spend the earliest-dated points first; the answer is what to give back if undone."""
        if points > self.spendable(today):
            raise NotEnoughError(f"needs {points} points, has {self.spendable(today)}")
        self.expire(today)
        moved = self._take(points, sorted(self.lots))
        self._post(cause, "redeemed", -points, moved)
        return [(day, -delta) for day, delta in moved]

    def take_anyway(self, points: int, *, cause: str, today: date) -> None:
        """Take points by hand, the earliest-dated first; what is missing becomes a debt."""
        self.expire(today)
        self._post(cause, "adjusted", -points, self._take(points, sorted(self.lots)))

    def give_back(self, parts: Iterable[Part], *, cause: str, today: date) -> None:
        """Undo a spending: to the lots it came from, with their old dates, after any debt."""
        self.credit(parts, cause=cause, today=today, kind="returned")

    def take_back(self, day: date, points: int, policy: Policy, *, cause: str, today: date) -> None:
        """Take back an award that went to the lot of `day`.

        What that lot lost to expiry covers it first and costs nothing. Then the lot itself, then
        the other lots, earliest first. What is still missing becomes a debt, or with `clip` is let
        go. The entry says what was really taken.
        """
        self.expire(today)
        home = self.lots.get(day, Lot())
        forgiven = min(points, home.expired - home.forgiven)
        home.forgiven += forgiven
        wanted = points - forgiven
        moved = self._take(wanted, sorted(self.lots, key=lambda other: (other != day, other)))
        there = -sum(delta for _, delta in moved)
        self._post(cause, "reversed", -(wanted if policy == "debt" else there), moved)

    def expire(self, today: date) -> None:
        """Settle what is due: one entry per date, earliest first; a date may expire again."""
        for day in sorted(day for day, lot in self.lots.items() if lot.points and day < today):
            lot = self.lots[day]
            lost = lot.points
            lot.expired += lost
            lot.times_expired += 1
            self._post(f"expiry/{day}/{lot.times_expired}", "expired", -lost, [(day, -lost)])

    def _take(self, points: int, order: list[date]) -> list[Part]:
        moved = []
        for day in order:
            taken = min(points, self.lots[day].points)
            points -= taken
            if taken:
                moved.append((day, -taken))
        return moved

    def _post(self, cause: str, kind: Kind, points: int, moved: list[Part], why: str = "") -> None:
        moved = [(day, delta) for day, delta in moved if delta]
        for day, delta in moved:
            self.lots.setdefault(day, Lot()).points += delta
        self.balance += points
        self.entries.append(Entry(cause, kind, points, self.balance, tuple(moved), why))
