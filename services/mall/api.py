"""The mall's HTTP routes: JSON in the shape that the program's pages need."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Protocol

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from services.mall.domain import (
    MAX_SEQ,
    Account,
    CursorError,
    Entry,
    Lot,
    decode_cursor,
    encode_cursor,
)
from shared.contract.types import Cause, Id
from shared.platform.auth.guards import reads_member
from shared.platform.postgres import DATABASE_ERRORS
from shared.platform.problem import PROBLEM_TYPE, Problem, ProblemBody, unavailable

MAX_PAGE_ENTRIES = 200


class Reader(Protocol):
    """Where accounts and entries come from."""

    async def account(self, member_id: str) -> Account:
        """Read one member's account."""
        ...

    async def entries(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        """Read entries with numbers below one, newest first."""
        ...

    async def entry_of_cause(self, member_id: str, cause: str) -> Entry | None:
        """Read the one entry of a cause."""
        ...


class LotBody(BaseModel):
    """Points with one expiry date."""

    expires_on: date | None = Field(
        description="The last day, in the program's time zone, on which the points can be spent;"
        " null is never."
    )
    points: int


class AccountBody(BaseModel):
    """A member's points. An id that nothing has happened to yet has zeros, not an error."""

    member_id: str
    balance: int = Field(description="The sum of all entries; below zero it is a debt.")
    spendable: int = Field(description="What can be spent now: the sum of `expiring`.")
    held: int = Field(description="Points that unfinished redemptions hold.")
    debt: int = Field(description="Points that the next earnings repay first.")
    expiring: list[LotBody] = Field(description="What can be spent, by expiry date, next first.")


class EntryBody(BaseModel):
    """One line of a member's ledger."""

    entry_id: str
    seq: int = Field(description="1, 2, 3 … without gaps, per member.")
    cause: str = Field(description="What happened in the world, once per member.")
    kind: str
    points: int = Field(description="What it changed; 0 where the reason says why not.")
    balance: int = Field(description="The balance after it.")
    lots: list[LotBody] = Field(description="The lots it changed, and by how much.")
    reason: JsonValue = Field(description="Why this many points, as recorded when it was posted.")
    revision: int | None = Field(description="The revision of the program that decided it.")
    occurred_at: AwareDatetime
    posted_at: AwareDatetime


class EntriesBody(BaseModel):
    """A page of entries."""

    entries: list[EntryBody]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


def make_router(reader: Reader) -> APIRouter:
    """Make the routes over a reader: members see their own, services and operators any."""
    problem = {"content": {PROBLEM_TYPE: {"schema": ProblemBody.model_json_schema()}}}
    router = APIRouter(
        prefix="/v1",
        responses={
            401: {"description": "No token, or none that is believed.", **problem},
            403: {"description": "The token is another member's.", **problem},
            422: {"description": "The request is not valid.", **problem},
            503: {"description": "The database does not answer; see Retry-After.", **problem},
        },
    )

    @router.get(
        "/members/{member_id}/account",
        operation_id="readAccount",
        summary="Balance and expiring points",
        dependencies=[Depends(reads_member)],
    )
    async def account(member_id: Id) -> AccountBody:
        async with _reading():
            found = await reader.account(member_id)
        return _account_body(member_id, found)

    @router.get(
        "/members/{member_id}/entries",
        operation_id="readEntries",
        summary="The ledger, newest first",
        dependencies=[Depends(reads_member)],
    )
    async def entries(
        member_id: Id,
        cause: Annotated[Cause | None, Query(description="Only the entry of this cause.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ENTRIES)] = 50,
        cursor: Annotated[
            str | None, Query(max_length=100, description="`next_cursor` of the page before.")
        ] = None,
    ) -> EntriesBody:
        below = MAX_SEQ if cursor is None else _seq_of(cursor)
        async with _reading():
            if cause is not None:
                found = await reader.entry_of_cause(member_id, cause)
                return _page([] if found is None else [found], limit)
            # One more than asked for tells whether there is a next page.
            return _page(await reader.entries(member_id, below_seq=below, limit=limit + 1), limit)

    return router


@asynccontextmanager
async def _reading() -> AsyncIterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise unavailable() from error


def _seq_of(cursor: str) -> int:
    try:
        return decode_cursor(cursor)
    except CursorError as error:
        title = "The cursor is not one that this service has given out"
        raise Problem(422, "invalid-cursor", title) from error


def _page(found: Sequence[Entry], limit: int) -> EntriesBody:
    shown = found[:limit]
    more = len(found) > limit
    return EntriesBody(
        entries=[_entry_body(entry) for entry in shown],
        next_cursor=encode_cursor(shown[-1].seq) if more else None,
    )


def _account_body(member_id: str, account: Account) -> AccountBody:
    return AccountBody(
        member_id=member_id,
        balance=account.balance,
        spendable=account.spendable,
        held=account.held,
        debt=account.debt,
        expiring=_lot_bodies(account.lots),
    )


def _entry_body(entry: Entry) -> EntryBody:
    return EntryBody(
        entry_id=entry.entry_id,
        seq=entry.seq,
        cause=entry.cause,
        kind=entry.kind,
        points=entry.points,
        balance=entry.balance,
        lots=_lot_bodies(entry.lots),
        reason=orjson.loads(entry.reason),
        revision=entry.revision,
        occurred_at=entry.occurred_at,
        posted_at=entry.posted_at,
    )


def _lot_bodies(lots: Sequence[Lot]) -> list[LotBody]:
    return [LotBody(expires_on=lot.expires_on, points=lot.points) for lot in lots]
