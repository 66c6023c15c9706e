"""What a refund takes back: the award on what was paid, less the award on what is left of it.

Only the sum of what is left decides, so N partial refunds, by lines or by amount and in any
order, take back exactly what one full refund takes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from services.earn.domain.award import AwardState, Line
from services.earn.domain.gain import Explanation
from services.earn.domain.purchase import points_for
from shared.program.models import Purchase

RULE = "refund"
# An explanation stays small however many lines an order has; past this it counts them.
MAX_EXPLAINED_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundApplied:
    """A refund as applied: what to keep, and the points to take back from the award's lot.

    `emptied` is true for the one refund that leaves nothing of the order.
    """

    state: AwardState
    take_back: int
    emptied: bool
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLine:
    """The refund names a line the order does not have: no later event can make it valid."""

    line_id: str


def refund_lines(
    purchase: Purchase, state: AwardState, lines: Iterable[tuple[str, int]]
) -> RefundApplied | UnknownLine:
    """Refund money by line: (line_id, minor units); clamped per line to what is left on it.

    `purchase` is the rule of the revision that awarded the order, `state.revision`.
    """
    left = {line_id: paid - refunded for line_id, paid, refunded in state.lines}
    asked_by_line: dict[str, int] = {}
    for line_id, minor in lines:
        if line_id not in left:
            return UnknownLine(line_id=line_id)
        asked_by_line[line_id] = asked_by_line.get(line_id, 0) + minor
    applied = {line_id: min(minor, left[line_id]) for line_id, minor in asked_by_line.items()}
    result = _apply(purchase, state, sum(asked_by_line.values()), applied)
    clamped = [
        [line_id, minor, applied[line_id]]
        for line_id, minor in asked_by_line.items()
        if minor != applied[line_id]
    ]
    if clamped:
        result.explanation["clamped"] = list(islice(clamped, MAX_EXPLAINED_LINES))
        result.explanation["clamped_lines"] = len(clamped)
    return result


def refund_amount(purchase: Purchase, state: AwardState, amount_minor: int) -> RefundApplied:
    """Refund an amount, spread over the lines by what is left on each; clamped to that in all."""
    applied = spread(state.lines, min(amount_minor, state.left_minor))
    return _apply(purchase, state, amount_minor, applied)


def spread(lines: tuple[Line, ...], amount_minor: int) -> dict[str, int]:
    """Share an amount out in proportion to what is left on each line, to the last minor unit.

    Each line gets its share rounded down; what rounding left over goes, one unit each, to the
    largest fractions, ties to the earlier line. `amount_minor` is at most what is left in all.
    """
    left = [paid - refunded for _, paid, refunded in lines]
    total = sum(left)
    if amount_minor == 0:
        return {}
    shares = [divmod(amount_minor * line_left, total) for line_left in left]
    parts = [whole for whole, _ in shares]
    by_fraction = sorted(range(len(lines)), key=lambda i: -shares[i][1])
    for i in by_fraction[: amount_minor - sum(parts)]:
        parts[i] += 1
    return {line[0]: part for line, part in zip(lines, parts, strict=True) if part}


def _apply(
    purchase: Purchase, state: AwardState, asked_minor: int, applied: dict[str, int]
) -> RefundApplied:
    lines = tuple(
        [(line, paid, refunded + applied.get(line, 0)) for line, paid, refunded in state.lines]
    )
    applied_minor = sum(applied.values())
    left_minor = state.left_minor - applied_minor
    target = state.awarded - points_for(purchase, state.currency, left_minor)
    take_back = target - state.taken_back
    explanation: Explanation = {
        "rules": [RULE],
        "asked_minor": asked_minor,
        "applied_minor": applied_minor,
        "left_minor": left_minor,
        "currency": state.currency,
        "awarded": state.awarded,
        "taken_back": target,
        "award_revision": state.revision,
    }
    if take_back == 0:
        explanation["zero"] = _why_nothing(state, applied_minor)
    return RefundApplied(
        state=state._replace(lines=lines, taken_back=target),
        take_back=take_back,
        emptied=left_minor == 0 and applied_minor > 0,
        explanation=explanation,
    )


def _why_nothing(state: AwardState, applied_minor: int) -> str:
    if state.awarded == 0:
        return "nothing-awarded"
    return "below-one-point" if applied_minor else "nothing-left"
