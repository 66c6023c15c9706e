"""Deliveries to channels outside: claimed by one sender at a time, ended as they were answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import orjson

from services.notify.domain.attempt import Dead, Fate, Later, Sent
from services.notify.domain.message import notification_id
from shared.contract.codec import encode_data
from shared.contract.notifications import Notification, NotificationFailed, NotificationSent
from shared.ledger.store import read_clock
from shared.platform.postgres import Connection
from shared.platform.sql import load_statements

_SQL: Final = load_statements("services.notify", "deliveries.sql")
_Kind = TypeVar("_Kind", Sent, Later, Dead)

MOST_COUNTED: Final = 100_000
"""Beyond this the exact number changes nothing for anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message under way; `attempts` counts this one, and is what the claim is known by."""

    member_id: str
    cause: str
    attempts: int
    template: str
    data: Mapping[str, object]
    created_at: datetime


class Backlog(NamedTuple):
    """What waits for a channel, for how long the one that is next, and what was given up."""

    waiting: int
    oldest_seconds: float
    dead: int


async def claim(
    connection: Connection, channel: str, *, most: int, lease: timedelta
) -> list[Delivery]:
    """Take up to so many deliveries that are due; nobody else does until the lease ends."""
    rows = await connection.fetch(_SQL["claim"], channel, most, lease)
    return [Delivery(**{**dict(row), "data": orjson.loads(row["data"])}) for row in rows]


async def settle(
    connection: Connection, channel: str, ended: Sequence[tuple[Delivery, Fate]]
) -> None:
    """Write what became of deliveries; a claim that was lost meanwhile changes nothing."""
    async with connection.transaction():
        now = await read_clock(connection)
        if sent := _of(ended, Sent):
            rows = [_announced(one, channel, _sent(one, channel, now)) for one, _ in sent]
            await connection.execute(_SQL["end_delivered"], channel, orjson.dumps(rows))
        if dead := _of(ended, Dead):
            rows = [
                {
                    **_announced(one, channel, _failed(one, channel, now, fate.problem)),
                    "problem": fate.problem,
                }
                for one, fate in dead
            ]
            await connection.execute(_SQL["end_dead"], channel, orjson.dumps(rows))
        if later := _of(ended, Later):
            rows = [_put_off(one, fate) for one, fate in later]
            await connection.execute(_SQL["put_off"], channel, orjson.dumps(rows))


async def read_backlog(connection: Connection, channel: str) -> Backlog:
    """Count what waits for a channel and what it refused."""
    row = await connection.fetchrow(_SQL["backlog"], channel, MOST_COUNTED)
    return Backlog(0, 0.0, 0) if row is None else Backlog(*row)


def _of(ended: Sequence[tuple[Delivery, Fate]], kind: type[_Kind]) -> list[tuple[Delivery, _Kind]]:
    return [(one, fate) for one, fate in ended if isinstance(fate, kind)]


def _claimed(one: Delivery) -> Mapping[str, object]:
    return {"member_id": one.member_id, "cause": one.cause, "attempts": one.attempts}


def _put_off(one: Delivery, fate: Later) -> Mapping[str, object]:
    return {**_claimed(one), "seconds": fate.seconds, "problem": fate.problem}


def _announced(one: Delivery, channel: str, event: Notification) -> Mapping[str, object]:
    word = event.type_name.split(".")[1]
    return {
        **_claimed(one),
        "event_id": f"{event.notification_id}/{channel}/{word}",
        "type": event.type_name,
        "payload": encode_data(event).decode(),
    }


def _sent(one: Delivery, channel: str, at: datetime) -> NotificationSent:
    name = notification_id(one.member_id, one.cause)
    return NotificationSent(
        member_id=one.member_id,
        notification_id=name,
        channel=channel,
        template=one.template,
        at=at,
    )


def _failed(one: Delivery, channel: str, at: datetime, reason: str) -> NotificationFailed:
    name = notification_id(one.member_id, one.cause)
    return NotificationFailed(
        member_id=one.member_id,
        notification_id=name,
        channel=channel,
        template=one.template,
        at=at,
        reason=reason,
    )
