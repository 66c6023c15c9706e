"""Lots: points of one member with one expiry date, and the order in which they are spent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from typing_extensions import override

from shared.ledger.entries import LotMove


@dataclass(slots=True)
class Lot:
    """Points of one date: what is left, what expired of it, and what of that was forgiven.

    `forgiven` is the part of `expired` that later refunds were covered by; it never exceeds it.
    """

    points: int = 0
    expired: int = 0
    forgiven: int = 0
    times_expired: int = 0


class Lots(dict[date, Lot]):
    """A member's lots by date; dates without a lot are simply absent."""

    def add(self, expires_on: date, points: int) -> None:
        """Put points into the lot of that date, opening it where there is none."""
        lot = self.get(expires_on)
        if lot is None:
            self[expires_on] = Lot(points=points)
        else:
            lot.points += points

    def take(self, points: int, *, first: date | None = None) -> list[LotMove]:
        """Take up to so many points, from `first` and then earliest expiry first."""
        moves: list[LotMove] = []
        for expires_on in self._open(first):
            if points == 0:
                break
            lot = self[expires_on]
            part = min(points, lot.points)
            lot.points -= part
            points -= part
            moves.append(LotMove(expires_on, -part))
        return moves

    def forgive(self, expires_on: date, points: int) -> int:
        """Cover up to so many points with what the lot lost to expiry; return what was covered."""
        lot = self.get(expires_on)
        if lot is None:
            return 0
        covered = min(points, lot.expired - lot.forgiven)
        lot.forgiven += covered
        return covered

    def due(self, today: date) -> list[date]:
        """Name the dates whose points may no longer be spent, earliest first."""
        return sorted([day for day, lot in self.items() if day < today and lot.points])

    def spendable(self) -> int:
        """Count the points in all lots, due ones included."""
        return sum(lot.points for lot in self.values())

    def _open(self, first: date | None) -> Iterable[date]:
        dates = sorted([day for day, lot in self.items() if lot.points])
        if first in dates:
            dates.remove(first)
            dates.insert(0, first)
        return dates


class LotsNotLoadedError(Exception):
    """Points were to be taken from lots that were not loaded: a bug, nothing is posted."""


class AddOnlyLots(Lots):
    """Lots of a member to whom a batch only adds: of those to come none was loaded.

    What is due and what is added depends on none of them. All others raise LotsNotLoadedError.
    """

    @override
    def take(self, points: int, *, first: date | None = None) -> list[LotMove]:
        raise LotsNotLoadedError(f"expected all lots to take {points} points from")

    @override
    def forgive(self, expires_on: date, points: int) -> int:
        raise LotsNotLoadedError(f"expected the lot of {expires_on} to cover {points} points with")

    @override
    def spendable(self) -> int:
        raise LotsNotLoadedError("expected all lots to count")
