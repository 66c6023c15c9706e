"""The fold: a batch's commands decided one after the other over the loaded state. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, Literal, TypeAlias, assert_never

from shared.contract.codec import encode_data
from shared.ledger.book import Book
from shared.ledger.entries import Cause, Kind, MemberId, Telling
from shared.pipeline.command import (
    APPLIED,
    CONFLICT,
    EARLIEST,
    Applied,
    Command,
    Duplicate,
    FollowUp,
    Item,
    Moment,
    Outcome,
    Park,
    Refuse,
    Refused,
    Reply,
    out_of_range,
)
from shared.pipeline.domain import Domain, State

Books: TypeAlias = Mapping[MemberId, Book]

Result: TypeAlias = Literal[
    "applied", "duplicate", "ignored", "parked", "dead_lettered", "released", "refused"
]

CALLED: Final = "(call)"
"""What stands for the topic of a command that came by a call."""

MOST_SENT_BYTES: Final = 65_536
"""What a row of the outbox takes."""

AHEAD: Final = timedelta(days=1)
"""How far ahead of the database's clock a sender's may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A command that waits for a cause; `parked_id` where it is a row already."""

    awaits: Cause
    item: Item
    parked_id: int | None = None


@dataclass(slots=True, kw_only=True)
class Folded:
    """What a batch comes to, besides what books and state hold."""

    results: list[tuple[Item, Result]] = field(default_factory=list)
    dead: list[Refused] = field(default_factory=list)
    parked: list[Waiting] = field(default_factory=list)
    unparked: list[int] = field(default_factory=list)
    released: list[Command] = field(default_factory=list)
    follow_ups: list[tuple[FollowUp, Command]] = field(default_factory=list)
    replies: list[tuple[Command, Reply]] = field(default_factory=list)
    # How many points were moved by entries of each kind, whichever way.
    posted: dict[Kind, int] = field(default_factory=dict)


class Fold(Generic[State]):
    """One batch being decided, in arrival order; what waited for a cause follows it at once."""

    def __init__(
        self,
        domain: Domain[State],
        books: Books,
        state: State,
        moment: Moment,
        waiting: Sequence[Waiting],
    ) -> None:
        """Begin with everything loaded; `waiting` are the parked rows, oldest first."""
        self._domain, self._books, self._state, self._moment = domain, books, state, moment
        self._waiting: dict[Cause, list[Waiting]] = {}
        for one in waiting:
            self._wait(one)
        self._loaded = [one.parked_id for one in waiting if one.parked_id is not None]
        self._folded = Folded()

    def run(self, items: Sequence[Item]) -> Folded:
        """Decide every item; return what to write besides books and state."""
        for item in items:
            self._take(item)
        still = [one for waiting in self._waiting.values() for one in waiting]
        new = [one for one in still if one.parked_id is None]
        self._folded.parked.extend(new)
        self._folded.results.extend((one.item, "parked") for one in new)
        if self._loaded:
            kept = {one.parked_id for one in still}
            self._folded.unparked.extend(one for one in self._loaded if one not in kept)
        return self._folded

    def _take(self, item: Item, woken: Waiting | None = None) -> None:
        if isinstance(item, Refused):
            self._bury(item, item)
            return
        told = self._books[item.member_id].known.get(item.cause)
        if told is not None:
            self._again(item, *told)
            return
        self._decide(item, woken)

    def _decide(self, command: Command, woken: Waiting | None) -> None:
        outcome = self._domain.decide(
            command,
            self._telling(command),
            self._books[command.member_id],
            self._state,
            self._moment,
        )
        match outcome:
            case Applied():
                self._settle(command, "applied", outcome)
                self._folded.follow_ups.extend((one, command) for one in outcome.follow_ups)
                self._wake(command.may_wake)
            case Duplicate():
                self._settle(command, "duplicate", APPLIED)
            case Park():
                self._park(command, outcome, woken)
            case Refuse():
                self._refuse(command, outcome)
                if outcome.reason != CONFLICT:
                    self._wake(command.wakes)
            case _:
                assert_never(outcome)

    def _park(self, command: Command, outcome: Park, woken: Waiting | None) -> None:
        """Let a command wait, in the row it has where it waited for the same before."""
        if woken is not None and woken.awaits == outcome.awaits:
            self._wait(woken)
            return
        # Those that wait are not woken by one that woke with them: nothing came of it.
        if woken is None:
            self._wake(command.wakes)
        if command.record is None:
            self._settle(command, "refused", outcome)
        else:
            self._wait(Waiting(awaits=outcome.awaits, item=command))

    def _wait(self, one: Waiting) -> None:
        self._waiting.setdefault(one.awaits, []).append(one)

    def _wake(self, names: Iterable[Cause]) -> None:
        for name in names:
            for one in self._waiting.pop(name, ()):
                if isinstance(one.item, Refused) or one.item.member_id in self._books:
                    self._take(one.item, one)
                else:
                    self._release(one.item)

    def _release(self, command: Command) -> None:
        """Send an event on to its own member, or bury it: told again, it needs to wait no more."""
        size = len(encode_data(command.event.data))
        if size <= MOST_SENT_BYTES:
            self._folded.released.append(command)
            return
        detail = (
            "what it waited for has come, but it is too large to be sent on to its member:"
            f" expected at most {MOST_SENT_BYTES} bytes, got {size}; replay it"
        )
        self._refuse(command, Refuse("too-large", detail))

    def _again(self, command: Command, seq: int, fingerprint: bytes) -> None:
        if fingerprint == command.fingerprint:
            self._settle(command, "duplicate", APPLIED)
            return
        detail = (
            f"expected the fingerprint {fingerprint.hex()} of entry {command.member_id}/{seq}"
            f" for {command.cause}, got {command.fingerprint.hex()}"
        )
        self._refuse(command, Refuse(CONFLICT, detail))

    def _settle(self, command: Command, result: Result, outcome: Outcome) -> None:
        self._folded.results.append((command, result))
        if command.ticket is not None:
            self._folded.replies.append((command, Reply(outcome)))

    def _refuse(self, command: Command, why: Refuse) -> None:
        """Bury what came in a record; whoever called is told."""
        if command.record is None:
            self._settle(command, "refused", why)
        else:
            self._bury(command, _refused(command, why))

    def _bury(self, item: Item, refused: Refused) -> None:
        self._folded.dead.append(refused)
        self._folded.results.append((item, "dead_lettered"))

    def _telling(self, command: Command) -> Telling:
        occurred_at = min(command.event.data.occurred_at, self._moment.today.now)
        return Telling(
            command.cause,
            command.fingerprint,
            occurred_at,
            self._moment.revisions.in_force(occurred_at).number,
            command.event.traceparent,
        )


def fold(
    items: Sequence[Item],
    *,
    domain: Domain[State],
    books: Books,
    state: State,
    moment: Moment,
    waiting: Sequence[Waiting] = (),
) -> Folded:
    """Decide a batch over what was loaded for it."""
    return Fold(domain, books, state, moment, waiting).run(items)


def in_time(items: Sequence[Item], now: datetime) -> list[Item]:
    """Refuse commands about times that can't be: before this century, or over a day ahead."""
    latest = now + AHEAD
    return [
        item
        if isinstance(item, Refused)
        or item.record is None
        or EARLIEST <= item.event.data.occurred_at <= latest
        else _refused(item, out_of_range(item.event.data.occurred_at, latest.isoformat()))
        for item in items
    ]


def count_results(folded: Folded) -> Mapping[tuple[str, Result], int]:
    """Count results by topic, for the metrics."""
    counts: dict[tuple[str, Result], int] = {}
    for item, result in folded.results:
        key = (CALLED if item.record is None else item.record.topic, result)
        counts[key] = counts.get(key, 0) + 1
    return counts


def _refused(command: Command, why: Refuse) -> Refused:
    return Refused(
        reason=why.reason,
        detail=why.detail,
        record=command.told_in,
        member_id=command.member_id,
        cause=command.cause,
    )
