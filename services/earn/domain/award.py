"""What an order was awarded, in the form a refund needs: per line, under one revision."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

# A line_id, what was paid for that line, and what of it was refunded (never more), in minor units.
Line: TypeAlias = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardState:
    """An order's award and what refunds have undone of it (0 <= taken_back <= awarded).

    `revision` is the program's revision that awarded it: refunds recompute under that one.
    """

    lines: tuple[Line, ...]
    currency: str
    revision: int
    awarded: int
    taken_back: int
    expires_on: date

    @property
    def left_minor(self) -> int:
        """What was paid and not refunded yet, over all lines, in minor units."""
        return sum(paid - refunded for _, paid, refunded in self.lines)

    @property
    def fully_refunded(self) -> bool:
        """Whether refunds left nothing; an order that cost nothing was never refunded."""
        return self.left_minor == 0 and any(paid for _, paid, _ in self.lines)
