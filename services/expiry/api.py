"""Expiry's HTTP routes: what an operator may ask for."""

from datetime import date
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, Field

from services.expiry.runs import TooEarlyError
from services.expiry.store import Run
from shared.platform.auth.guards import operator_only
from shared.platform.auth.principal import Principal
from shared.platform.commands import Command, CommandBody
from shared.platform.problem import Problem, refusals


class Runs(Protocol):
    """Where runs are asked for."""

    async def request(self, as_of: date | None, by: str, *, remind_now: bool = False) -> Run:
        """Ask for a run of a day, today unless told otherwise; raises TooEarlyError."""
        ...


class RunRequest(CommandBody):
    """What to sweep."""

    as_of: date | None = Field(
        default=None,
        description="Sweep what is past its date on this day of the program's zone; today, if not"
        " given. What is due by now goes as well, and what is not yet due never does.",
    )
    remind_now: bool = Field(
        default=False,
        description="Plan today's reminders again at once, not only when their hour has come.",
    )


class RunBody(BaseModel):
    """A run that was asked for; the sweep goes on in the background."""

    run_id: int
    as_of: date
    requested_by: str
    requested_at: AwareDatetime


def make_router(runs: Runs) -> APIRouter:
    """Make the routes."""
    router = APIRouter(
        prefix="/v1/expiry",
        responses=refusals({422: "The request is not valid, or the day has not come."}),
    )

    @router.post(
        "/runs",
        operation_id="requestExpiryRun",
        summary="Sweep from the beginning of time again, and plan today's reminders again",
        status_code=202,
    )
    async def request_run(
        body: Command[RunRequest], operator: Annotated[Principal, Depends(operator_only)]
    ) -> RunBody:
        try:
            run = await runs.request(body.as_of, operator.name, remind_now=body.remind_now)
        except TooEarlyError as error:
            title = "The day has not come"
            raise Problem(422, "as-of-in-future", title, detail=str(error)) from error
        return RunBody(**run._asdict())

    return router
