"""What an order was awarded, in the form a refund needs: per line, under one revision."""

from datetime import date
from typing import NamedTuple, TypeAlias

# A line_id, what was paid for that line, and what of it was refunded (never more), in minor units.
Line: TypeAlias = tuple[str, int, int]


class AwardState(NamedTuple):
    """An order's award and what refunds have undone of it (0 <= taken_back <= awarded).

    `revision` is the program's revision that awarded it: refunds recompute under that one.
    `day` is the local day it was paid on.
    """

    lines: tuple[Line, ...]
    currency: str
    revision: int
    awarded: int
    taken_back: int
    day: date

    @property
    def left_minor(self) -> int:
        """What was paid and not refunded yet, over all lines, in minor units."""
        return sum(paid - refunded for _, paid, refunded in self.lines)

    @property
    def fully_refunded(self) -> bool:
        """Whether refunds left nothing; an order that cost nothing was never refunded."""
        return self.left_minor == 0 and any(paid for _, paid, _ in self.lines)
