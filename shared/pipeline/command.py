"""Commands, and what deciding one may come to. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias, TypeVar

from shared.contract.codec import Event, Record, decode
from shared.contract.refusal import ContractError
from shared.contract.wire import Wire
from shared.ledger.book import Today
from shared.ledger.entries import Cause, MemberId
from shared.program.models import Program
from shared.program.revisions import Revisions

T = TypeVar("T")

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing of this system happened before; earlier times are mistakes."""

DETAIL_LIMIT: Final = 2_000
"""A dead letter's detail is read by a person."""


class Command(NamedTuple):
    """One event, understood: what it claims happened (`cause`), to whom, and how it was told.

    It came in a record, or by a call that waits for the answer (`ticket`); one of them is None.
    """

    cause: Cause
    member_id: MemberId
    fingerprint: bytes
    event: Event
    record: Record | None
    ticket: int | None = None
    # What waits for one of these looks again after this command was decided, whatever it came to;
    # without any, what waits for its cause does, once it is applied.
    wakes: tuple[Cause, ...] = ()

    @property
    def may_wake(self) -> tuple[Cause, ...]:
        """All that it may bring what waits for."""
        return self.wakes or (self.cause,)

    @property
    def told_in(self) -> Record:
        """The record it came in; raises TypeError for a call."""
        if self.record is None:
            raise TypeError(f"{self.cause} of {self.member_id} came by a call, in no record")
        return self.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A record that no future event can make valid: it becomes a dead letter."""

    reason: str
    detail: str
    record: Record
    member_id: str | None = None
    cause: str | None = None
    # What raised though nothing is wrong with it that we know of: counts against the brake.
    isolated: bool = False


def poison(
    record: Record, error: Exception, *, member_id: str | None = None, cause: str | None = None
) -> Refused:
    """Name a record that raised, alone, with what it raised."""
    detail = f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace").decode()
    return Refused(
        reason="poison",
        detail=detail[:DETAIL_LIMIT],
        record=record,
        member_id=member_id,
        cause=cause,
        isolated=True,
    )


Item: TypeAlias = Command | Refused
"""A record of a batch, decoded or not."""


def understood(record: Record, command: Callable[[Event, Record], T]) -> T | Refused:
    """Return what a record is as a command, or why it can't be one; never raises."""
    try:
        event = decode(record)
        try:
            return command(event, record)
        except OverflowError:
            return _beyond_the_calendar(event, record)
    except ContractError as error:
        return Refused(reason=error.reason, detail=error.detail, record=record)
    except Exception as error:  # noqa: BLE001 - it would stop all that comes after it
        return poison(record, error)


def out_of_range(occurred_at: datetime, latest: str) -> "Refuse":
    """Refuse a time at which nothing can have happened."""
    return Refuse(
        "time-out-of-range",
        f"expected a time from {EARLIEST.isoformat()} to {latest}, got {occurred_at.isoformat()}",
    )


def _beyond_the_calendar(event: Event, record: Record) -> Refused:
    """Refuse an event of the year 1 or 9999, whose local day may be in none."""
    why = out_of_range(event.data.occurred_at, "a day from now")
    return Refused(
        reason=why.reason, detail=why.detail, record=record, member_id=event.data.member_id
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A command for another member, sent through the outbox; `event_id` is stable."""

    event_id: str
    data: Wire


@dataclass(frozen=True, slots=True)
class Applied:
    """The command changed its member, or left a zero entry that says why not."""

    follow_ups: tuple[FollowUp, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The command was decided before, told alike; nothing changes and the answer is the same."""


@dataclass(frozen=True, slots=True)
class Park:
    """The command needs what another event has yet to cause."""

    awaits: Cause


@dataclass(frozen=True, slots=True)
class Refuse:
    """No future event can make the command valid."""

    reason: str
    detail: str


Outcome: TypeAlias = Applied | Duplicate | Park | Refuse

CONFLICT: Final = "conflict"
"""The reason to refuse what was decided before and is now told otherwise."""

APPLIED = Applied()
DUPLICATE = Duplicate()


class Reply(NamedTuple):
    """What a call came to, and what the service answers where it was applied, now or before."""

    outcome: Outcome
    body: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a batch is decided, and the rules it may use."""

    today: Today
    revisions: Revisions

    def rules_at(self, at: datetime) -> tuple[int, Program]:
        """Return the revision in force at an instant, and its program."""
        revision = self.revisions.in_force(at)
        return revision.number, revision.program
