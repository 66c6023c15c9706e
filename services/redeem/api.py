"""Redeem's HTTP routes: quote, reserve, confirm, cancel, look.

What is asked here is the same command, through the same batches, as what is told on Kafka.
"""

from typing import Protocol

from fastapi import APIRouter, Depends, Response

from services.redeem.bodies import CancelBody, Key, RequestBody, Trace, WantBody
from services.redeem.direct import Plain
from services.redeem.domain.answer import Answer, to_json
from services.redeem.domain.identity import redemption_id as id_of
from services.redeem.domain.quote import Quote
from services.redeem.domain.words import TITLES
from shared.contract.redemptions import (
    RedemptionCancelled,
    RedemptionConfirmed,
    RedemptionRequested,
)
from shared.contract.types import Id
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import Park, Refuse, Reply
from shared.pipeline.errors import BrakeEngagedError, NotStartedError, OverloadedError
from shared.platform.auth.guards import acts_for_member, reads_member
from shared.platform.clock import utc_now
from shared.platform.commands import Command
from shared.platform.problem import REFUSED, Problem, Refusal, refusals, unavailable

REQUESTS = "/v1/members/{member_id}/redemptions"
_JSON = "application/json"


class Counter(Protocol):
    """Where commands are decided, and where quotes and redemptions are read."""

    async def tell(self, data: Wire, traceparent: str | None) -> Reply:
        """Have a command decided; its answer is the reply's body."""
        ...

    async def quote(self, member_id: MemberId, reward_id: str, quantity: int) -> Quote:
        """Say what a request would come to now."""
        ...

    async def find(self, member_id: MemberId, redemption_id: str) -> Answer | None:
        """Read a redemption as it is now."""
        ...


def make_router(counter: Counter) -> APIRouter:
    """Make the routes over a counter: members act for themselves, services for any member."""
    router = APIRouter(
        prefix=REQUESTS,
        responses=refusals({404: "The member has no such redemption.", 409: REFUSED}),
    )
    _add_commands(router, counter)
    _add_reads(router, counter)
    return router


async def request(counter: Counter, told: Plain) -> bytes:
    """Have a request for a reward decided; return its answer's JSON, or raise Problem."""
    member_id, key, body, traceparent = told
    requested = RedemptionRequested(
        redemption_id=id_of(MemberId(member_id), key),
        member_id=member_id,
        reward_id=body.reward_id,
        quantity=body.quantity,
        requested_at=utc_now(),
        confirm=body.confirm,
    )
    return _answer(await _asked(counter, requested, traceparent))


def _add_commands(router: APIRouter, counter: Counter) -> None:
    @router.post(
        "",
        operation_id="requestRedemption",
        summary="Take pieces and points at once, or neither",
        status_code=201,
        response_model=Answer,
        response_model_exclude_none=True,
        dependencies=[Depends(acts_for_member)],
    )
    async def reserve(
        member_id: Id, key: Key, body: Command[RequestBody], traceparent: Trace = None
    ) -> Response:
        answer = await request(counter, Plain(member_id, key, body, traceparent))
        return Response(answer, status_code=201, media_type=_JSON)

    @router.post(
        "/{redemption_id}/confirm",
        operation_id="confirmRedemption",
        summary="The second consent",
        response_model=Answer,
        response_model_exclude_none=True,
        dependencies=[Depends(acts_for_member)],
    )
    async def confirm(member_id: Id, redemption_id: Id, traceparent: Trace = None) -> Response:
        told = RedemptionConfirmed(redemption_id=redemption_id, member_id=member_id, at=utc_now())
        return Response(_answer(await _asked(counter, told, traceparent)), media_type=_JSON)

    @router.post(
        "/{redemption_id}/cancel",
        operation_id="cancelRedemption",
        summary="Give it up: pieces and points go back",
        response_model=Answer,
        response_model_exclude_none=True,
        dependencies=[Depends(acts_for_member)],
    )
    async def cancel(
        member_id: Id,
        redemption_id: Id,
        body: Command[CancelBody] = CancelBody(),  # noqa: B008 - immutable
        traceparent: Trace = None,
    ) -> Response:
        told = RedemptionCancelled(
            redemption_id=redemption_id, member_id=member_id, at=utc_now(), reason=body.reason
        )
        return Response(_answer(await _asked(counter, told, traceparent)), media_type=_JSON)


def _add_reads(router: APIRouter, counter: Counter) -> None:
    @router.post(
        "/quote",
        operation_id="quoteRedemption",
        summary="Price, lots that would be spent, balance after, limits left",
        response_model_exclude_none=True,
        dependencies=[Depends(reads_member)],
    )
    async def quote(member_id: Id, body: Command[WantBody]) -> Quote:
        try:
            return await counter.quote(MemberId(member_id), body.reward_id, body.quantity)
        except NotStartedError as error:
            raise unavailable() from error

    @router.get(
        "/{redemption_id}",
        operation_id="readRedemption",
        summary="A redemption as it is now",
        response_model_exclude_none=True,
        dependencies=[Depends(reads_member)],
    )
    async def read(member_id: Id, redemption_id: Id) -> Answer:
        found = await counter.find(MemberId(member_id), redemption_id)
        if found is None:
            raise _unknown()
        return found


async def _asked(counter: Counter, data: Wire, traceparent: str | None) -> Reply:
    try:
        return await counter.tell(data, traceparent)
    except (OverloadedError, BrakeEngagedError, NotStartedError, TimeoutError) as error:
        raise unavailable() from error


def _answer(reply: Reply) -> bytes:
    outcome = reply.outcome
    if isinstance(outcome, Park):
        raise _unknown()
    if isinstance(outcome, Refuse):
        title = "The Idempotency-Key was used before, with another body"
        raise Problem(409, "idempotency-conflict", title)
    if not isinstance(reply.body, dict):
        raise TypeError(f"expected an answer, got {reply}")
    if (reason := reply.body.get("reason")) is not None:
        raise Refusal(reason, TITLES[reason], reply.body["figures"])
    return to_json(reply.body)


def _unknown() -> Problem:
    return Problem(404, "unknown-redemption", "The member has no such redemption")
