"""The vocabulary of the wire: ids, money, points, times, each with the words its refusal uses."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MAX_MINOR = 10**12  # an amount of money, an order's total included
MAX_POINTS = 10**9  # points of one entry
MAX_BALANCE = 10**15  # stays exact in a JSON reader that only has doubles (2^53)
MAX_COUNT = 10**9
MAX_LINES = 1_000  # lines of one order: bounds one command's work and its reason
MAX_DAY_YEAR = 9998  # the database keeps year 9999 free for "never"

ID_PATTERN = r"^[A-Za-z0-9._:@-]{1,64}$"
CAUSE_PATTERN = r"^[A-Za-z0-9._:@/-]{1,200}$"
ENTRY_ID_PATTERN = r"^[A-Za-z0-9._:@-]{1,64}/[1-9][0-9]{0,18}$"
CODE_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
# No control characters: PostgreSQL refuses NUL, logs and terminals suffer from the rest.
TEXT_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]+$"
# RFC 3339 without its leap seconds: no calendar of ours has them.
INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a field wants, in words: the refusal says "expected <these words>, got …"."""

    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Keep the field's own validation and replace only what a failure says."""
        return core_schema.custom_error_schema(
            handler(source), custom_error_type="expected", custom_error_message=self.words
        )


def to_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; ValueError without a zone or outside years 1 to 9999."""
    if moment.tzinfo is None:
        raise ValueError("no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside years 1 to 9999") from error


def parse_instant(text: str) -> datetime:
    """Return the instant an RFC 3339 text names, in UTC, cut to microseconds; else ValueError."""
    return to_utc(datetime.fromisoformat(text.upper()))


def parse_day(text: str) -> date:
    """Return the calendar day an ISO text names."""
    return within_calendar(date.fromisoformat(text))


def within_calendar(day: date) -> date:
    """Refuse days the database could not tell from "never"."""
    if day.year > MAX_DAY_YEAR:
        raise ValueError("too late")
    return day


def exactly_an_integer(value: object) -> object:
    """Refuse true and 1.0, which a Literal takes for 1."""
    if type(value) is not int:
        raise ValueError("no integer")
    return value


class InstantRule:
    """JSON: RFC 3339 text with a zone, nothing else (pydantic would take bare numbers too)."""

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Text is parsed, a datetime from Python only normalised."""
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema(
                [
                    core_schema.str_schema(pattern=INSTANT_PATTERN, strict=True),
                    core_schema.no_info_plain_validator_function(parse_instant),
                ]
            ),
            python_schema=core_schema.no_info_after_validator_function(
                to_utc, core_schema.datetime_schema(strict=True)
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """State the format and the zone, which the format alone leaves to the reader."""
        return {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}


class DayRule:
    """JSON: an ISO calendar day as text."""

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Text is parsed, a date from Python only bounded."""
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema(
                [
                    core_schema.str_schema(pattern=DAY_PATTERN, strict=True),
                    core_schema.no_info_plain_validator_function(parse_day),
                ]
            ),
            python_schema=core_schema.no_info_after_validator_function(
                within_calendar, core_schema.date_schema(strict=True)
            ),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """State the format."""
        return {"type": "string", "format": "date", "pattern": DAY_PATTERN}


Id = Annotated[
    str, StringConstraints(pattern=ID_PATTERN), Expected("1 to 64 characters of A-Za-z0-9._:@-")
]
Cause = Annotated[
    str,
    StringConstraints(pattern=CAUSE_PATTERN),
    Expected("1 to 200 characters of A-Za-z0-9._:@/-"),
]
EntryId = Annotated[
    str, StringConstraints(pattern=ENTRY_ID_PATTERN), Expected("a member id, a slash and a number")
]
Code = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=64),
    Expected("1 to 64 characters of lower-case words joined by hyphens"),
]
Text = Annotated[
    str,
    StringConstraints(pattern=TEXT_PATTERN, max_length=64),
    Expected("1 to 64 characters without control characters"),
]
LongText = Annotated[
    str,
    StringConstraints(pattern=TEXT_PATTERN, max_length=256),
    Expected("1 to 256 characters without control characters"),
]
Sku = Text
Currency = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$"), Expected("three capital letters, as in CNY")
]
Minor = Annotated[int, Field(ge=0, le=MAX_MINOR), Expected(f"an integer from 0 to {MAX_MINOR}")]
Points = Annotated[int, Field(ge=0, le=MAX_POINTS), Expected(f"an integer from 0 to {MAX_POINTS}")]
SignedPoints = Annotated[
    int,
    Field(ge=-MAX_POINTS, le=MAX_POINTS),
    Expected(f"an integer from -{MAX_POINTS} to {MAX_POINTS}"),
]
Balance = Annotated[
    int,
    Field(ge=-MAX_BALANCE, le=MAX_BALANCE),
    Expected(f"an integer from -{MAX_BALANCE} to {MAX_BALANCE}"),
]
Quantity = Annotated[int, Field(ge=1, le=MAX_COUNT), Expected(f"an integer from 1 to {MAX_COUNT}")]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT), Expected(f"an integer from 0 to {MAX_COUNT}")]
Sequence = Annotated[int, Field(ge=1, le=2**53), Expected("an integer from 1 to 2^53")]
Offset = Annotated[int, Field(ge=0, le=2**63 - 1), Expected("an integer from 0 to 2^63-1")]
Flag = Annotated[bool, Expected("true or false")]
Instant = Annotated[
    datetime,
    InstantRule(),
    Expected("an RFC 3339 time with a zone, as in 2026-01-31T09:30:00+08:00"),
]
Day = Annotated[
    date, DayRule(), Expected(f"a day from 0001-01-01 to {MAX_DAY_YEAR}-12-31, as in 2026-01-31")
]
ProfileField = Annotated[
    Literal["birthday", "phone", "avatar"], Expected("birthday, phone or avatar")
]
ReminderStage = Annotated[
    Literal[90, 30, 7, 1], BeforeValidator(exactly_an_integer), Expected("90, 30, 7 or 1")
]
