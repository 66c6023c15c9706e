"""Notify's rows: inboxes and what of them was read, known redemptions, announced messages."""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from services.notify.domain.desk import Desk, RedemptionKey
from services.notify.domain.message import Message, notification_id
from shared.contract.codec import encode_data
from shared.contract.notifications import NotificationSent
from shared.ledger.entries import Cause, MemberId
from shared.pipeline.errors import LostRaceError
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements

_SQL: Final = load_statements("services.notify")


async def load(
    connection: Connection,
    causes: Sequence[tuple[MemberId, Cause]],
    redemptions: Sequence[RedemptionKey],
    rewards: set[str],
) -> Desk:
    """Lock the redemptions that are spoken of, then read what members were told before."""
    desk = Desk()
    if redemptions:
        await _load_redemptions(connection, redemptions, desk)
        rows = await connection.fetch(_SQL["load_titles"], lines(rewards))
        desk.titles = {row["reward_id"]: row["title"] for row in rows if row["title"]}
    if causes:
        members, told = lines([one for one, _ in causes]), lines([cause for _, cause in causes])
        for row in await connection.fetch(_SQL["load_told"], members, told):
            desk.told.add((MemberId(row["member_id"]), Cause(row["cause"])))
    return desk


async def keep_versions(connection: Connection, desk: Desk) -> None:
    """Write which versions of redemptions were seen."""
    if desk.moved:
        keys = sorted(desk.moved)
        versions = [desk.versions[key] for key in keys]
        await connection.execute(_SQL["keep_versions"], *_columns(keys), versions)


async def keep_messages(connection: Connection, messages: Sequence[Message]) -> None:
    """Write messages to inboxes; raises LostRaceError where one was written meanwhile."""
    rows = [_message(one) for one in messages]
    kept = await connection.fetch(_SQL["keep_messages"], orjson.dumps(rows))
    if len(kept) != len(messages):
        raise LostRaceError("a message was written by another writer meanwhile")


async def announce_sent(connection: Connection, channel: str, messages: Sequence[Message]) -> None:
    """Say through the outbox that a channel took messages."""
    rows = [_sent(one, channel) for one in messages]
    await connection.execute(_SQL["announce"], orjson.dumps(rows))


async def enqueue(connection: Connection, channel: str, messages: Sequence[Message]) -> None:
    """Give messages to a channel outside."""
    members, causes = [one.member_id for one in messages], [one.cause for one in messages]
    await connection.execute(_SQL["enqueue"], lines(members), lines(causes), channel)


async def mark_read(connection: Connection, member_id: str, notice_id: int) -> bool:
    """Mark a message as read, unless it is; tell whether the member has it."""
    return bool(await connection.fetchval(_SQL["mark_read"], member_id, notice_id))


async def mark_read_up_to(connection: Connection, member_id: str, notice_id: int) -> None:
    """Mark messages up to a number as read that are not."""
    await connection.execute(_SQL["mark_read_up_to"], member_id, notice_id)


async def _load_redemptions(
    connection: Connection, redemptions: Sequence[RedemptionKey], desk: Desk
) -> None:
    columns = _columns(redemptions)
    await connection.execute(_SQL["lock_redemptions"], *columns)
    for row in await connection.fetch(_SQL["load_versions"], *columns):
        desk.versions[MemberId(row["member_id"]), row["redemption_id"]] = row["version"]


def _columns(keys: Sequence[RedemptionKey]) -> tuple[str, str]:
    return lines([member for member, _ in keys]), lines([name for _, name in keys])


def _message(one: Message) -> Mapping[str, object]:
    return {
        "member_id": one.member_id,
        "cause": one.cause,
        "template": one.template,
        "data": one.data,
        "created_at": one.created_at,
    }


def _sent(one: Message, channel: str) -> Mapping[str, object]:
    name = notification_id(one.member_id, one.cause)
    sent = NotificationSent(
        member_id=one.member_id,
        notification_id=name,
        channel=channel,
        template=one.template,
        at=one.created_at,
    )
    return {
        "event_id": f"{name}/{channel}/sent",
        "aggregateid": one.member_id,
        "type": sent.type_name,
        "payload": encode_data(sent).decode(),
        "headers": None if one.traceparent is None else {"traceparent": one.traceparent},
    }
