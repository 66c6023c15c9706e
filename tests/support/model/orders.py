"""What an order still remembers: its award, and what is left of the money on each line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(slots=True, kw_only=True)
class Order:
    """An order of one member; `left` keeps the lines in the order in which they were told."""

    member: str
    currency: str
    left: dict[str, int]
    awarded: int
    expires_on: date
    taken_back: int = 0
    gone: bool = False  # refunded to nothing; an order that was free from the start never is

    @property
    def base(self) -> int:
        """Money that still earns (shipping never did)."""
        return sum(self.left.values())

    def refund_lines(self, asked: Mapping[str, int]) -> None:
        """Take the money off its lines, on each at most what is left there."""
        before = self.base
        for line, minor in asked.items():
            self.left[line] -= min(minor, self.left[line])
        self.gone = self.gone or self.base == 0 < before

    def refund_amount(self, asked: int) -> None:
        """Spread an amount over the lines, at most what is left in all."""
        self.refund_lines(spread(min(asked, self.base), self.left))


def spread(amount: int, left: Mapping[str, int]) -> dict[str, int]:
    """Share an amount out in proportion to what is left on each line, to the last minor unit.

    Each line gets its share rounded down; the minor units that remain go one each to the lines
    that lost most by the rounding, and among equals to the earlier line.
    """
    whole = sum(left.values())
    if not whole:
        return dict.fromkeys(left, 0)
    shares = {line: amount * minor // whole for line, minor in left.items()}
    lost = {line: amount * minor % whole for line, minor in left.items()}
    remainder = amount - sum(shares.values())
    for line in sorted(left, key=lambda line: -lost[line])[:remainder]:
        shares[line] += 1
    return shares
