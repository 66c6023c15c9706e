"""What earn is asked over HTTP, and what it answers, as JSON."""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, JsonValue

from shared.contract.types import (
    MAX_LINES,
    MAX_MINOR,
    MAX_POINTS,
    Currency,
    Day,
    Expected,
    Flag,
    Id,
    LongText,
    Minor,
    Points,
    Quantity,
    Sku,
    Text,
)
from shared.platform.commands import CommandBody

MAX_ROWS: Final = 1_000
_EARLIEST: Final = date(2000, 1, 1)

Reason = Literal["insufficient-points", "adjustment-limit"]
"""Why an adjustment is refused."""


class CartLine(CommandBody):
    """One line of a cart; `paid_minor` is what would be paid for the whole line."""

    sku: Sku
    category: Text | None = None
    quantity: Quantity = 1
    paid_minor: Minor


def _an_amount(lines: tuple[CartLine, ...]) -> tuple[CartLine, ...]:
    if sum([line.paid_minor for line in lines]) > MAX_MINOR:
        raise ValueError(f"expected lines of at most {MAX_MINOR} together")
    return lines


class CartBody(CommandBody):
    """A cart, as its order would be told; shipping is no line and earns nothing."""

    currency: Currency
    lines: Annotated[
        tuple[CartLine, ...],
        Field(min_length=1, max_length=MAX_LINES),
        AfterValidator(_an_amount),
    ]


class PreviewBody(BaseModel):
    """What a cart would earn, were it paid now."""

    points: int
    expires_on: date | None = Field(
        description="The last day, in `zone`, on which they could be spent; null is never."
    )
    explanation: dict[str, JsonValue] = Field(
        description="Why this many: what the entry's reason would say."
    )
    revision: int = Field(description="The revision of the program that is in force.")
    zone: str


def _no_nothing(points: int) -> int:
    if points == 0:
        raise ValueError("expected points to give or to take, got 0")
    return points


class AdjustmentBody(CommandBody):
    """Points to give (above zero) or to take (below), and why."""

    points: Annotated[
        int,
        Field(ge=-MAX_POINTS, le=MAX_POINTS),
        Expected(f"an integer from -{MAX_POINTS} to {MAX_POINTS}"),
        AfterValidator(_no_nothing),
    ]
    reason: LongText
    allow_debt: Flag = Field(
        default=False,
        description="Take more than there is: what is missing is owed, and repaid by the next"
        " points.",
    )


class AdjustedBody(BaseModel):
    """The entry that an adjustment left."""

    adjustment_id: str
    member_id: str
    entry_id: str
    cause: str
    points: int
    balance: int = Field(description="The balance after it.")
    posted_at: AwareDatetime


def _day_of_ours(day: date) -> date:
    if day < _EARLIEST:
        raise ValueError(f"expected {_EARLIEST} or later")
    return day


class ImportRow(CommandBody):
    """Points of one member with one date, as another system had them."""

    row: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        description="Its place in the file: with the batch it names the row, for ever."
    )
    member_id: Id
    points: Points
    expires_on: Annotated[Day, AfterValidator(_day_of_ours)] | None = Field(
        default=None, description="The last day on which they can be spent; null is never."
    )


def _distinct(rows: tuple[ImportRow, ...]) -> tuple[ImportRow, ...]:
    if len({row.row for row in rows}) != len(rows):
        raise ValueError("expected each row once")
    return rows


class ImportBody(CommandBody):
    """Rows of one batch; `dry_run` does all of it, and undoes it."""

    rows: Annotated[
        tuple[ImportRow, ...],
        Field(min_length=1, max_length=MAX_ROWS),
        AfterValidator(_distinct),
    ]
    dry_run: Flag = False


class RowValue(BaseModel):
    """What a row says."""

    member_id: str
    points: int
    expires_on: date | None


class ConflictBody(BaseModel):
    """A row that was imported before, and said something else."""

    row: int
    expected: RowValue = Field(description="What was imported, and stays.")
    got: RowValue


class ImportedBody(BaseModel):
    """What became of the rows."""

    posted: int = Field(description="Rows that are new.")
    points: int = Field(description="Points that they brought, expired ones included.")
    expired: int = Field(description="Of these, points whose date had passed: they expired.")
    repeated: int = Field(description="Rows that were imported before, as they are.")
    conflicts: list[ConflictBody]
