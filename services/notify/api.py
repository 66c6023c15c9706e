"""Notify's HTTP routes: members say what they have read. The mall shows what there is to read."""

from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from shared.contract.types import Id
from shared.platform.auth.guards import acts_for_member
from shared.platform.commands import Command, CommandBody
from shared.platform.problem import Problem, refusals

_MAX_ID: Final = 2**63 - 1

_NoticeId = Annotated[int, Path(ge=1, le=_MAX_ID, description="`notice_id` of the mall's inbox.")]


class Marks(Protocol):
    """Where it is written which messages were read."""

    async def mark(self, member_id: str, notice_id: int) -> bool:
        """Mark a message as read, unless it is; tell whether the member has it."""
        ...

    async def mark_up_to(self, member_id: str, notice_id: int) -> None:
        """Mark all messages up to a number as read that are not."""
        ...


class UpToBody(CommandBody):
    """The newest message that the member has seen."""

    up_to: Annotated[int, Field(ge=1, le=_MAX_ID)] = Field(
        description="A `notice_id`: what came later stays unread."
    )


def make_router(marks: Marks) -> APIRouter:
    """Make the routes: members mark their own messages, services those of any member."""
    router = APIRouter(
        prefix="/v1/members/{member_id}/notices", dependencies=[Depends(acts_for_member)]
    )

    @router.post(
        "/{notice_id}/read",
        operation_id="markRead",
        summary="Mark a message as read; once it is, it stays so",
        status_code=204,
        responses=refusals({404: "The member has no such message."}),
    )
    async def mark(member_id: Id, notice_id: _NoticeId) -> Response:
        if not await marks.mark(member_id, notice_id):
            raise Problem(404, "unknown-notice", "The member has no such message")
        return Response(status_code=204)

    @router.post(
        "/read",
        operation_id="markReadUpTo",
        summary="Mark all messages up to one as read",
        status_code=204,
        responses=refusals(),
    )
    async def mark_up_to(member_id: Id, body: Command[UpToBody]) -> Response:
        await marks.mark_up_to(member_id, body.up_to)
        return Response(status_code=204)

    return router
