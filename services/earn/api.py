"""Earn's HTTP routes: what a cart would earn, and what operators do by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final, Protocol, TypeAlias

from fastapi import APIRouter, Depends, Header, Path, Response

from services.earn.adjusting import Adjustment, AdjustmentRefusedError, ToldOtherwiseError
from services.earn.bodies import (
    AdjustedBody,
    AdjustmentBody,
    CartBody,
    ImportBody,
    ImportedBody,
    PreviewBody,
    Reason,
)
from services.earn.importing import Import
from shared.contract.types import Id
from shared.ledger.entries import MemberId
from shared.pipeline.errors import LostRaceError, NotStartedError
from shared.platform.auth.guards import operator_only, reads_member
from shared.platform.auth.principal import Principal
from shared.platform.commands import Command
from shared.platform.problem import REFUSED, Problem, Refusal, refusals, unavailable

_TITLES: Final[dict[Reason, str]] = {
    "insufficient-points": "The member has not enough points",
    "adjustment-limit": "The operator may adjust no more points today",
}
_REPEATED: Final = "Idempotency-Repeated"

_Operator: TypeAlias = Annotated[Principal, Depends(operator_only)]
_Key: TypeAlias = Annotated[
    Id,
    Header(
        alias="Idempotency-Key",
        description="The adjustment's id, for ever: the same key and body get the same answer.",
    ),
]
_Batch: TypeAlias = Annotated[
    Id, Path(description="The file's name for programs; rows are known under it for ever.")
]


class Counter(Protocol):
    """Who does it."""

    async def preview(self, cart: CartBody) -> PreviewBody:
        """Say what a cart would earn now."""
        ...

    async def adjust(self, wanted: Adjustment) -> tuple[AdjustedBody, bool]:
        """Post an adjustment, and say whether it was there already."""
        ...

    async def import_rows(self, told: Import, *, dry_run: bool) -> ImportedBody:
        """Post the rows that are new, all of them or none."""
        ...


def make_router(counter: Counter) -> APIRouter:
    """Make the routes over a counter: members ask for themselves, operators change things."""
    router = APIRouter(prefix="/v1", responses=refusals({409: REFUSED}))

    @router.post(
        "/members/{member_id}/earn/preview",
        operation_id="previewEarning",
        summary="What a cart would earn, and why; nothing is written",
        dependencies=[Depends(reads_member)],
    )
    # The id is checked, and is whose token it is; today's rules are the same for every member.
    async def preview(member_id: Id, body: Command[CartBody]) -> PreviewBody:  # noqa: ARG001
        async with _asking():
            return await counter.preview(body)

    @router.post(
        "/members/{member_id}/adjustments",
        operation_id="adjustPoints",
        summary="Give or take points by hand, within a limit a day",
        status_code=201,
    )
    async def adjust(
        member_id: Id,
        key: _Key,
        body: Command[AdjustmentBody],
        operator: _Operator,
        response: Response,
    ) -> AdjustedBody:
        wanted = Adjustment(
            member_id=MemberId(member_id),
            adjustment_id=key,
            points=body.points,
            reason=body.reason,
            allow_debt=body.allow_debt,
            by=operator.name,
        )
        async with _asking():
            answer, repeated = await counter.adjust(wanted)
        response.headers[_REPEATED] = "true" if repeated else "false"
        return answer

    @router.post(
        "/imports/{batch}/rows",
        operation_id="importRows",
        summary="Take over what members had elsewhere; each row once, for ever",
    )
    async def import_rows(
        batch: _Batch, body: Command[ImportBody], operator: _Operator
    ) -> ImportedBody:
        told = Import(batch=batch, rows=body.rows, by=operator.name)
        async with _asking():
            return await counter.import_rows(told, dry_run=body.dry_run)

    return router


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    try:
        yield
    except AdjustmentRefusedError as error:
        raise Refusal(error.reason, _TITLES[error.reason], error.figures) from error
    except ToldOtherwiseError as error:
        title = "The Idempotency-Key was used before, with another body"
        raise Problem(409, "idempotency-conflict", title) from error
    except (NotStartedError, LostRaceError) as error:
        raise unavailable() from error
