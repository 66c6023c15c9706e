"""What an order earns: the money paid for its lines at the program's rate, rounded once."""

from collections.abc import Iterable
from datetime import date
from typing import assert_never

from services.earn.domain.award import AwardState
from services.earn.domain.gain import Explanation, Gain
from shared.contract.types import MAX_POINTS
from shared.program.models import Program, Purchase, Rate, Rounding

RULE = "purchase"
# No entry carries more points than the wire allows.
ENTRY_CAP = "points-of-one-entry"


def award_order(
    *,
    program: Program,
    revision: int,
    currency: str,
    lines: Iterable[tuple[str, int]],
    day: date,
) -> tuple[Gain, AwardState]:
    """Award an order; `lines` are (line_id, paid_minor), `day` the local day it was paid on.

    `program` is revision `revision`, the one in force when the order was paid. Shipping is no
    line and earns nothing.
    """
    kept = tuple([(line_id, paid_minor, 0) for line_id, paid_minor in lines])
    gain = award(program.earn.purchase, currency, sum([line[1] for line in kept]))
    state = AwardState(
        lines=kept,
        currency=currency,
        revision=revision,
        awarded=gain.points,
        taken_back=0,
        day=day,
    )
    return gain, state


def award(purchase: Purchase, currency: str, base_minor: int) -> Gain:
    """Say what `base_minor` of `currency` earns, and why; what preview and orders both call."""
    rate = purchase.currencies.get(currency)
    if rate is None:
        return _not_in_program(currency, base_minor)
    exact = _exact(rate, purchase.rounding, base_minor)
    explanation: Explanation = {
        "rules": [RULE],
        "base_minor": base_minor,
        "currency": currency,
        "rate": [rate.points, rate.per_minor],
        "rounding": purchase.rounding,
        "caps": [],
    }
    if exact > MAX_POINTS:
        explanation["caps"] = [{"cap": ENTRY_CAP, "limit": MAX_POINTS, "asked": exact}]
        return Gain(points=MAX_POINTS, explanation=explanation)
    if exact == 0:
        explanation["zero"] = "below-one-point"
    return Gain(points=exact, explanation=explanation)


def points_for(purchase: Purchase, currency: str, base_minor: int) -> int:
    """Say what `base_minor` of `currency` earns; it never falls when the base rises."""
    rate = purchase.currencies.get(currency)
    return 0 if rate is None else min(_exact(rate, purchase.rounding, base_minor), MAX_POINTS)


def _exact(rate: Rate, rounding: Rounding, base_minor: int) -> int:
    exact = base_minor * rate.points
    per_minor = rate.per_minor
    match rounding:
        case "down":
            return exact // per_minor
        case "half-up":
            return (2 * exact + per_minor) // (2 * per_minor)
        case "up":
            return -(-exact // per_minor)
        case _:
            assert_never(rounding)


def _not_in_program(currency: str, base_minor: int) -> Gain:
    explanation: Explanation = {
        "rules": [RULE],
        "base_minor": base_minor,
        "currency": currency,
        "zero": "currency-not-in-program",
    }
    return Gain(points=0, explanation=explanation)
