"""Deciding one command of redeem: over the member's book and the desk, or say why not. Pure.

Whatever is decided of a member first releases the reservations whose time is over, as the book
first expires what is due: a late release keeps nothing from the member it belongs to.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from services.redeem.domain import causes
from services.redeem.domain.answer import (
    Rejection,
    Spelt,
    accepted,
    instant_text,
    refused,
    rejected,
)
from services.redeem.domain.desk import Desk, Kept, StatusEvent
from services.redeem.domain.limits import Asked, Policy, why_not
from services.redeem.domain.overdue import ReservationOver
from services.redeem.domain.redemption import Redemption
from shared.contract.redemptions import (
    RedemptionCancelled,
    RedemptionConfirmed,
    RedemptionDecision,
    RedemptionRequested,
)
from shared.contract.shipments import Shipment, ShipmentDelivered, ShipmentSent
from shared.contract.types import MAX_POINTS
from shared.contract.wire import Wire
from shared.ledger.book import Book, Reason
from shared.ledger.entries import Telling
from shared.pipeline.command import APPLIED, CONFLICT, DUPLICATE, Moment, Outcome, Park, Refuse

RULE: Final = "redemption"
BY_REQUEST: Final = "by-request"
EXPIRED: Final = "reservation-expired"


class Case(NamedTuple):
    """One command, with all that deciding it may ask and change."""

    telling: Telling
    book: Book
    desk: Desk
    moment: Moment
    policy: Policy

    @property
    def now(self) -> datetime:
        """The moment it is decided at."""
        return self.moment.today.now

    def answer(self, answer: Spelt) -> Outcome:
        """Keep what the command came to."""
        self.desk.answer(self.book.member_id, self.telling, answer, self.now)
        return APPLIED

    def refuse(self, redemption: Redemption, rejection: Rejection) -> Outcome:
        """Answer that a redemption stays as it is."""
        return self.answer(refused(redemption, rejection))

    def find(self, redemption_id: str) -> Redemption | None:
        """Return a redemption of the member."""
        return self.desk.redemptions.get((self.book.member_id, redemption_id))

    def request_of(self, redemption_id: str) -> Kept | None:
        """Return the request of a redemption, if it was decided."""
        return self.desk.kept.get((self.book.member_id, causes.reserved(redemption_id)))


def decide(
    data: Wire, telling: Telling, book: Book, desk: Desk, moment: Moment, *, policy: Policy
) -> Outcome:
    """Decide one command of redeem; raises KeyError for data that is none of redeem's.

    Its answer is in `desk.kept`, whether it was decided now or long ago; that of a request which
    was accepted follows from its redemption.
    """
    kept = desk.kept.get((book.member_id, telling.cause))
    if kept is not None:
        return _again(telling, kept)
    release_due(book, desk, moment)
    case = Case(telling=telling, book=book, desk=desk, moment=moment, policy=policy)
    return _DECIDERS[type(data)](data, case)


def release_due(book: Book, desk: Desk, moment: Moment) -> None:
    """Release the member's reservations whose time is over."""
    now = moment.today.now
    for redemption in desk.open_of(book.member_id):
        if redemption.reserved_until <= now:
            _give_up(redemption, EXPIRED, book, desk, moment, at=redemption.reserved_until)
            desk.released[book.member_id] = desk.released.get(book.member_id, 0) + 1


def decide_request(request: RedemptionRequested, case: Case) -> Outcome:
    """Take stock and points at once, or neither and say why."""
    asked = Asked(
        member_id=case.book.member_id,
        reward_id=request.reward_id,
        quantity=request.quantity,
        holds=not request.confirm,
        at=case.telling.occurred_at,
    )
    rejection = why_not(asked, case.desk, case.book, case.policy, case.moment.today)
    if rejection is not None:
        _announce_rejected(request, rejection, case)
        return case.answer(rejected(request.redemption_id, rejection))
    redemption = _take(request, case)
    case.desk.take(redemption)
    case.desk.announce(redemption, case.telling.traceparent)
    # Entry and redemption say all that was answered: no answer is kept besides (`answer_of`).
    return APPLIED


def decide_confirmation(confirmed: RedemptionConfirmed, case: Case) -> Outcome:
    """Sell what a reservation holds; one whose time is over has been released just before."""
    redemption = case.find(confirmed.redemption_id)
    if redemption is None:
        return _without(confirmed, case)
    if redemption.is_held:
        case.desk.sell(redemption)
        redemption = redemption.moved_to("to-ship", at=case.now)
        case.desk.announce(redemption, case.telling.traceparent)
    elif redemption.reason == EXPIRED:
        until = instant_text(redemption.reserved_until)
        return case.refuse(redemption, Rejection(EXPIRED, {"reserved_until": until}))
    elif redemption.is_cancelled:
        return case.refuse(redemption, Rejection("redemption-cancelled"))
    return case.answer(accepted(redemption))


def decide_cancellation(cancelled: RedemptionCancelled, case: Case) -> Outcome:
    """Give everything back while nothing was sent; what is cancelled already stays so."""
    redemption = case.find(cancelled.redemption_id)
    if redemption is None:
        return _without(cancelled, case)
    if redemption.is_under_way:
        return case.refuse(redemption, Rejection("already-shipped"))
    if redemption.is_cancelled:
        return case.answer(accepted(redemption))
    redemption = _give_up(
        redemption,
        BY_REQUEST,
        case.book,
        case.desk,
        case.moment,
        at=case.telling.occurred_at,
        note=cancelled.reason,
        traceparent=case.telling.traceparent,
    )
    return case.answer(accepted(redemption, balance=case.book.balance))


def decide_over(_over: ReservationOver, case: Case) -> Outcome:
    """Say whether anything was released just before; no answer is kept, since nobody asked.

    What was confirmed, cancelled or released meanwhile leaves nothing to do.
    """
    return APPLIED if case.book.member_id in case.desk.released else DUPLICATE


def decide_shipment(shipment: Shipment, case: Case) -> Outcome:
    """Follow the parcel; one that is there was sent, whichever of the two is told first."""
    redemption = case.find(shipment.redemption_id)
    if redemption is None:
        if case.request_of(shipment.redemption_id) is None:
            return Park(causes.request_of(case.book.member_id, shipment.redemption_id))
        return _impossible("redemption-rejected", shipment.redemption_id)
    if redemption.is_held:
        return Park(causes.reservations_of(case.book.member_id))
    if redemption.is_cancelled:
        return _impossible("redemption-cancelled", shipment.redemption_id)
    redemption = redemption.sent_by(shipment.carrier, shipment.tracking_no)
    if type(shipment) is ShipmentDelivered and redemption.status != "completed":
        redemption = redemption.moved_to("completed", at=case.now)
        case.desk.announce(redemption, case.telling.traceparent)
    elif redemption.status == "to-ship":
        redemption = redemption.moved_to("shipped", at=case.now)
        case.desk.announce(redemption, case.telling.traceparent)
    else:
        case.desk.keep(redemption)
    return case.answer(accepted(redemption))


def _again(telling: Telling, kept: Kept) -> Outcome:
    if kept.fingerprint == telling.fingerprint:
        return DUPLICATE
    return Refuse(
        CONFLICT,
        f"expected the fingerprint {kept.fingerprint.hex()} for {telling.cause},"
        f" got {telling.fingerprint.hex()}",
    )


def _without(decision: RedemptionDecision, case: Case) -> Outcome:
    """Wait for a request that was not told yet; one that was rejected leaves nothing to decide."""
    request = case.request_of(decision.redemption_id)
    if request is None:
        return Park(causes.request_of(case.book.member_id, decision.redemption_id))
    why = {"rejected_for": str(request.answer["reason"])}
    return case.answer(rejected(decision.redemption_id, Rejection("redemption-rejected", why)))


def _impossible(reason: str, redemption_id: str) -> Outcome:
    return Refuse(
        reason, f"expected redemption {redemption_id} to be on its way, got {reason[11:]}"
    )


def _take(request: RedemptionRequested, case: Case) -> Redemption:
    """Debit the points; return what they bought."""
    shelf, reward = case.desk.offered(request.reward_id)
    points, today = reward.points * request.quantity, case.moment.today
    reason = {
        "rules": [RULE],
        "redemption_id": request.redemption_id,
        "reward_id": reward.id,
        "quantity": request.quantity,
        "price": reward.points,
        "rewards_revision": shelf.revision,
        "revision": case.telling.revision,
    }
    lots = case.book.debit(case.telling, "redeemed", points, reason, today)
    return Redemption(
        member_id=case.book.member_id,
        redemption_id=request.redemption_id,
        reward_id=reward.id,
        kind=reward.kind,
        quantity=request.quantity,
        points=points,
        balance=case.book.balance,
        status="to-ship" if request.confirm else "reserved",
        rewards_revision=shelf.revision,
        lots=lots,
        counted_on=shelf.stock.counting_day(today.day),
        requested_at=case.telling.occurred_at,
        reserved_until=case.now + case.policy.reservation,
        changed_at=case.now,
    )


def _give_up(
    redemption: Redemption,
    why: str,
    book: Book,
    desk: Desk,
    moment: Moment,
    *,
    at: datetime,
    note: str | None = None,
    traceparent: str | None = None,
) -> Redemption:
    """Give points and pieces back; return the redemption as cancelled."""
    cause = causes.returned(redemption.redemption_id)
    revision = moment.revisions.in_force(at).number
    telling = Telling(cause, sha256(cause.encode()).digest(), at, revision, traceparent)
    reason: dict[str, object] = {
        "rules": [RULE],
        "redemption_id": redemption.redemption_id,
        "reward_id": redemption.reward_id,
        "why": why,
        "revision": revision,
    }
    told: Reason = {**reason, "note": note} if note else reason
    book.credit(telling, "returned", redemption.lots, told, moment.today)
    desk.put_back(redemption)
    cancelled = redemption.moved_to("cancelled", at=moment.today.now, reason=why)
    desk.announce(cancelled, traceparent)
    return cancelled


def _announce_rejected(request: RedemptionRequested, rejection: Rejection, case: Case) -> None:
    shelf = case.desk.shelves.get(request.reward_id)
    price = shelf.reward.points if shelf and shelf.reward else 0
    case.desk.events.append(
        StatusEvent(
            member_id=case.book.member_id,
            redemption_id=request.redemption_id,
            status="rejected",
            version=1,
            reward_id=request.reward_id,
            quantity=request.quantity,
            points=min(price * request.quantity, MAX_POINTS),
            at=case.now,
            reason=rejection.reason,
            figures=dict(rejection.figures),
            traceparent=case.telling.traceparent,
        )
    )


# By type, not by `match`: one look-up, and no order of cases.
_DECIDERS: Final[Mapping[type[Wire], Callable[[Any, Case], Outcome]]] = {
    RedemptionRequested: decide_request,
    RedemptionConfirmed: decide_confirmation,
    RedemptionCancelled: decide_cancellation,
    ReservationOver: decide_over,
    ShipmentSent: decide_shipment,
    ShipmentDelivered: decide_shipment,
}
