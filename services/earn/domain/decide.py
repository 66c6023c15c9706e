"""Deciding one command of earn: post to the member's book, or say why not. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from services.earn.domain import causes, share
from services.earn.domain.check_in import Correction, check_in
from services.earn.domain.desk import Desk, FriendClaim
from services.earn.domain.gain import Explanation, Gain
from services.earn.domain.purchase import award_order
from services.earn.domain.refund import RefundApplied, UnknownLine, refund_amount, refund_lines
from shared.contract.check_ins import CheckInMade
from shared.contract.ledger_commands import ShareBonusReversed
from shared.contract.orders import OrderPaid, OrderRefunded
from shared.contract.shares import ShareClicked, ShareOrdered
from shared.contract.wire import Wire
from shared.ledger.book import Book
from shared.ledger.entries import NEVER, LotMove, Telling
from shared.pipeline.command import (
    APPLIED,
    Applied,
    FollowUp,
    Moment,
    Outcome,
    Park,
    Refuse,
)
from shared.program.dates import expires_on, local_day


def decide_order(
    order: OrderPaid, telling: Telling, book: Book, desk: Desk, moment: Moment
) -> Outcome:
    """Award an order; the first member it is told for owns it."""
    claim = desk.orders[order.order_id]
    if claim.member_id != order.member_id:
        return _of_another(order.order_id, claim.member_id, order.member_id)
    revision, program = moment.rules_at(telling.occurred_at)
    day = local_day(telling.occurred_at, program.zone)
    gain, award = award_order(
        program=program,
        revision=revision,
        currency=order.currency,
        lines=[(line.line_id, line.paid_minor) for line in order.lines],
        day=day,
    )
    claim.settled = True
    desk.awards[order.order_id] = award
    _earn(telling, book, gain, expires_on(program.expiry, day), moment)
    return APPLIED


def decide_refund(
    refund: OrderRefunded, telling: Telling, book: Book, desk: Desk, moment: Moment
) -> Outcome:
    """Take back what the refunded money had earned, by the revision that awarded it."""
    claim = desk.orders[refund.order_id]
    if not claim.settled:
        return Park(causes.paid(refund.order_id))
    if claim.member_id != refund.member_id:
        return _of_another(refund.order_id, claim.member_id, refund.member_id)
    award = desk.awards[refund.order_id]
    awarding = moment.revisions.program_of(award.revision)
    purchase = awarding.earn.purchase
    applied: RefundApplied | UnknownLine
    if refund.lines is not None:
        lines = [(line.line_id, line.paid_minor) for line in refund.lines]
        applied = refund_lines(purchase, award, lines)
    else:
        applied = refund_amount(purchase, award, refund.amount_minor or 0)
    if isinstance(applied, UnknownLine):
        known = ", ".join([line for line, _, _ in award.lines[:10]])
        return Refuse("unknown-line", f"expected a line of {known}, got {applied.line_id}")
    desk.keep_award(refund.order_id, applied.state)
    reason = _reason(applied.explanation, telling)
    _take_back(
        telling,
        book,
        applied.take_back,
        awarded_to=expires_on(awarding.expiry, award.day),
        reason=reason,
        moment=moment,
    )
    return _after_refund(refund, desk) if applied.emptied else APPLIED


def decide_check_in(
    made: CheckInMade, telling: Telling, book: Book, desk: Desk, moment: Moment
) -> Outcome:
    """Give the day its step of the ladder, and correct the later days a late one moves."""
    revision, program = moment.rules_at(telling.occurred_at)
    day = local_day(made.made_at, program.zone)
    outcome = check_in(
        desk.days.get(made.member_id, []),
        day=day,
        revision=revision,
        program_of=moment.revisions.program_of,
    )
    desk.keep_days(made.member_id, outcome.days)
    _earn(telling, book, outcome.gain, expires_on(program.expiry, day), moment)
    for correction in outcome.corrections:
        _correct(telling, book, correction, moment)
    return APPLIED


def decide_click(
    click: ShareClicked, telling: Telling, book: Book, _desk: Desk, moment: Moment
) -> Outcome:
    """Give the sharer what a friend's first click of the day is worth."""
    _, program = moment.rules_at(telling.occurred_at)
    gain = share.clicked(program.earn.share, member_id=click.member_id, friend_id=click.friend_id)
    until = expires_on(program.expiry, local_day(click.clicked_at, program.zone))
    _earn(telling, book, gain, until, moment)
    return APPLIED


def decide_friend_order(
    told: ShareOrdered, telling: Telling, book: Book, desk: Desk, moment: Moment
) -> Outcome:
    """Give the sharer the bonus for a friend's first order, once for ever."""
    claim = desk.orders[told.order_id]
    _, program = moment.rules_at(telling.occurred_at)
    if told.member_id != told.friend_id:
        if not claim.settled:
            return Park(causes.paid(told.order_id))
        if claim.member_id != told.friend_id:
            return _of_another(told.order_id, claim.member_id, told.friend_id)
    gain = share.ordered(
        program.earn.share,
        member_id=told.member_id,
        friend_id=told.friend_id,
        friend_already_rewarded=told.friend_id in desk.friends,
        order_refunded=claim.refunded,
    )
    until = expires_on(program.expiry, local_day(telling.occurred_at, program.zone))
    if gain.points:
        desk.keep_friend(
            FriendClaim(
                friend_id=told.friend_id,
                member_id=told.member_id,
                order_id=told.order_id,
                points=gain.points,
                expires_on=until,
            )
        )
    _earn(telling, book, gain, until, moment)
    return APPLIED


def decide_bonus_reversal(
    told: ShareBonusReversed, telling: Telling, book: Book, desk: Desk, moment: Moment
) -> Outcome:
    """Take a sharer's bonus back: nothing is left of the friend's order.

    After a restore this command of the lost time may be read before the bonus is given again:
    it waits for that, and takes nothing where this time nothing was given.
    """
    bonus = causes.friend_ordered(told.order_id)
    if bonus not in book.known:
        return Park(bonus)
    claim = desk.friends.get(told.friend_id)
    given = claim is not None and (claim.order_id, claim.member_id) == (
        told.order_id,
        told.member_id,
    )
    explanation = share.reversal(
        order_id=told.order_id, refund_id=told.refund_id, points=told.points
    )
    reason = _reason(explanation, telling)
    if not given:
        book.note(telling, "reversed", {**reason, "zero": "nothing-given"}, moment.today)
        return APPLIED
    awarded_to = told.expires_on or NEVER
    _take_back(telling, book, told.points, awarded_to=awarded_to, reason=reason, moment=moment)
    return APPLIED


def _after_refund(refund: OrderRefunded, desk: Desk) -> Outcome:
    """Close an order of which nothing is left; a bonus it brought somebody goes back too."""
    desk.orders[refund.order_id].refunded = True
    paid_for = desk.sharers.get(refund.order_id)
    if paid_for is None:
        return APPLIED
    follow_up = ShareBonusReversed(
        member_id=paid_for.member_id,
        friend_id=paid_for.friend_id,
        order_id=refund.order_id,
        refund_id=refund.refund_id,
        points=paid_for.points,
        expires_on=None if paid_for.expires_on == NEVER else paid_for.expires_on,
        refunded_at=refund.refunded_at,
    )
    return Applied((FollowUp(event_id=f"{refund.order_id}/bonus-reversed", data=follow_up),))


def _correct(telling: Telling, book: Book, correction: Correction, moment: Moment) -> None:
    cause = causes.check_in_corrected(correction.day, correction.number)
    of_the_day = telling._replace(cause=cause)
    reason = _reason(correction.explanation, telling)
    if correction.points > 0:
        moves = [LotMove(correction.expires_on, correction.points)]
        book.credit(of_the_day, "earned", moves, reason, moment.today)
    else:
        awarded_to, points = correction.expires_on, -correction.points
        _take_back(of_the_day, book, points, awarded_to=awarded_to, reason=reason, moment=moment)


def _earn(telling: Telling, book: Book, gain: Gain, until: date, moment: Moment) -> None:
    """Credit what a rule gave, good until a local day; 0 points leave a note."""
    reason = _reason(gain.explanation, telling)
    if gain.points == 0:
        book.note(telling, "earned", reason, moment.today)
        return
    moves = [LotMove(until, gain.points)]
    book.credit(telling, "earned", moves, reason, moment.today)


def _take_back(
    telling: Telling,
    book: Book,
    points: int,
    *,
    awarded_to: date,
    reason: Explanation,
    moment: Moment,
) -> None:
    """Take points of an award back, by the refund policy in force; 0 points leave a note."""
    if points == 0:
        book.note(telling, "reversed", reason, moment.today)
        return
    _, program = moment.rules_at(telling.occurred_at)
    book.take_back(
        telling, points, awarded_to, reason, moment.today, shortfall=program.refund.policy
    )


def _reason(explanation: Explanation, telling: Telling) -> Explanation:
    return {**explanation, "revision": telling.revision}


def _of_another(order_id: str, owner: str | None, told_for: str) -> Refuse:
    return Refuse(
        "order-of-another-member",
        f"expected order {order_id} to be of member {owner}, got {told_for}",
    )


# By type, not by `match`: one look-up, and no order of cases.
_DECIDERS: Final[Mapping[type[Wire], Callable[[Any, Telling, Book, Desk, Moment], Outcome]]] = {
    OrderPaid: decide_order,
    OrderRefunded: decide_refund,
    CheckInMade: decide_check_in,
    ShareClicked: decide_click,
    ShareOrdered: decide_friend_order,
    ShareBonusReversed: decide_bonus_reversal,
}


def decide(data: Wire, telling: Telling, book: Book, desk: Desk, moment: Moment) -> Outcome:
    """Decide one command of earn; raises KeyError for data that is none of earn's."""
    return _DECIDERS[type(data)](data, telling, book, desk, moment)
