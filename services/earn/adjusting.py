"""Adjustments: points that an operator gives or takes, within a limit a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from services.earn.bodies import AdjustedBody, Reason
from services.earn.posting import Ground, Rules, fingerprint_of
from shared.ledger import store as ledger
from shared.ledger.book import Book, InsufficientPointsError
from shared.ledger.entries import Cause, LotMove, MemberId, Telling
from shared.pipeline.command import Moment
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements
from shared.program.dates import expires_on

_SQL: Final = load_statements("services.earn", "operator.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points to give or to take; `by` is who says so, by the token.

    With `allow_debt` more can be taken than there is.
    """

    member_id: MemberId
    adjustment_id: str
    points: int
    reason: str
    by: str
    allow_debt: bool = False

    @property
    def cause(self) -> Cause:
        """Name it in the member's ledger."""
        return Cause(f"adjustment/{self.adjustment_id}")


class AdjustmentRefusedError(Exception):
    """It is not done, and nothing changed; `figures` say what is needed and what is there."""

    def __init__(self, reason: Reason, figures: Mapping[str, JsonValue]) -> None:
        super().__init__(f"{reason}: {dict(figures)}")
        self.reason: Reason = reason
        self.figures = figures


class ToldOtherwiseError(Exception):
    """The same id was used before, for something else."""


async def adjust(
    ground: Ground, rules: Rules, wanted: Adjustment, *, daily_points: int
) -> tuple[AdjustedBody, bool]:
    """Post an adjustment, and say whether it was there already; told again, the answer is the same.

    Raises AdjustmentRefusedError, ToldOtherwiseError, NotStartedError, DATABASE_ERRORS.
    """
    member_id, fingerprint = wanted.member_id, _fingerprint(wanted)
    async with ground.connection() as connection, connection.transaction():
        books = await ledger.lock(connection, [member_id], [member_id])
        book = books[member_id]
        moment = await rules.moment(connection)
        await ledger.load(connection, books, [(member_id, wanted.cause)])
        known = book.known.get(wanted.cause)
        if known is None:
            await _count(connection, wanted, moment, daily_points)
            _decide(wanted, fingerprint, book, moment)
            await ledger.post(connection, books.values())
        elif known[1] != fingerprint:
            raise ToldOtherwiseError(wanted.cause)
        [row] = await connection.fetch(_SQL["read_entry"], member_id, wanted.cause)
    answer = AdjustedBody(
        adjustment_id=wanted.adjustment_id,
        member_id=member_id,
        entry_id=f"{member_id}/{row['seq']}",
        cause=wanted.cause,
        points=row["points"],
        balance=row["balance"],
        posted_at=row["posted_at"],
    )
    return answer, known is not None


def _decide(wanted: Adjustment, fingerprint: bytes, book: Book, moment: Moment) -> None:
    today = moment.today
    revision, program = moment.rules_at(today.now)
    telling = Telling(wanted.cause, fingerprint, today.now, revision)
    reason = {"rule": "adjustment", "note": wanted.reason, "by": wanted.by}
    if wanted.points > 0:
        moves = [LotMove(expires_on(program.expiry, today.day), wanted.points)]
        book.credit(telling, "adjusted", moves, reason, today)
        return
    try:
        book.debit(telling, "adjusted", -wanted.points, reason, today, may_owe=wanted.allow_debt)
    except InsufficientPointsError as error:
        figures: dict[str, JsonValue] = {"needs": error.needs, "has": error.has, "owes": error.owes}
        raise AdjustmentRefusedError("insufficient-points", figures) from error


async def _count(
    connection: Connection, wanted: Adjustment, moment: Moment, daily_points: int
) -> None:
    """Take room of the operator's day; whoever else adjusts under the name waits for us."""
    asked, today = abs(wanted.points), moment.today
    in_all: int = await connection.fetchval(_SQL["count_adjusted"], wanted.by, today.day, asked)
    if in_all > daily_points:
        raise AdjustmentRefusedError(
            "adjustment-limit",
            {
                "limit": daily_points,
                "used": in_all - asked,
                "asked": asked,
                "resets_at": today.midnight_after(today.day).isoformat(),
            },
        )


def _fingerprint(wanted: Adjustment) -> bytes:
    return fingerprint_of(
        "adjustment", wanted.member_id, wanted.points, wanted.reason, wanted.allow_debt
    )
