"""The pipeline's own rows: offsets, parked events, dead letters, follow-ups, the brake."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from shared.contract.codec import Record, encode_data
from shared.ledger.entries import Cause
from shared.pipeline.command import Command, FollowUp, Refused
from shared.pipeline.errors import BrakeEngagedError, BrakeTrippedError, StaleOffsetsError
from shared.pipeline.fold import Folded, Waiting
from shared.pipeline.rows import hex_or_null, record_columns, record_of, storable
from shared.platform.postgres import Connection, lines
from shared.platform.sql import load_statements
from shared.program.revisions import Revision

SQL: Final = load_statements("shared.pipeline")

FOLLOW_UP_TOPIC: Final = "ledger-commands.v1"

ISOLATED_PER_MINUTE: Final = 20
"""A bug fails many records at once; a freak record comes alone."""

ISOLATED_IN_ALL: Final = 200
"""A slow drain into the dead letters is a bug as well; somebody must look."""


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class Move(NamedTuple):
    """A batch's part of one partition: from the offset expected to the next one to read."""

    at: Partition
    expected: int
    next_offset: int


async def begin(
    connection: Connection,
    *,
    group: str,
    cluster_id: str,
    moves: Sequence[Move],
    known: Revision | None = None,
) -> bool:
    """Fence a batch off: move its offsets, look at the brake.

    Return whether the newest revision of the program is still the one known. Raises
    StaleOffsetsError or BrakeEngagedError.
    """
    if moves:
        await _move(connection, group, cluster_id, moves)
    number, effective_at = (known.number, known.effective_at) if known else (None, None)
    row = await connection.fetchrow(SQL["look"], group, number, effective_at)
    if row is None or row["braked"]:
        raise BrakeEngagedError(group)
    is_known: bool = row["program_is_known"]
    return is_known


async def find_parked(
    connection: Connection, group: str, causes: Sequence[Cause]
) -> list[tuple[int, Cause, Record]]:
    """Find what waits for the causes: (id, cause, record), oldest first."""
    rows = await connection.fetch(SQL["find_parked"], group, lines(causes))
    return [(row["id"], Cause(row["awaits"]), record_of(dict(row))) for row in rows]


async def write(connection: Connection, group: str, folded: Folded) -> None:
    """Write what a batch came to besides the ledger and the service's own tables."""
    if folded.unparked:
        await connection.execute(SQL["unpark"], folded.unparked)
    if folded.parked:
        rows = [_parked(one) for one in folded.parked]
        await connection.execute(SQL["park"], group, orjson.dumps(rows))
    if folded.dead:
        rows = [_dead(one) for one in folded.dead]
        await connection.execute(SQL["bury"], group, orjson.dumps(rows))
    sent = [_follow_up(one, command) for one, command in folded.follow_ups]
    sent.extend(_released(one) for one in folded.released)
    if sent:
        await connection.execute(SQL["send"], orjson.dumps(sent))
    if any(one.isolated for one in folded.dead):
        await _watch_brake(connection, group)


async def trip_brake(connection: Connection, group: str, detail: str) -> None:
    """Stop the group's consumption, in a transaction of its own."""
    await connection.execute(SQL["trip_brake"], group, detail)


async def is_braked(connection: Connection, group: str) -> bool:
    """Tell whether the group's brake is engaged."""
    rows = await connection.fetch(SQL["show_brake"], group)
    return any(row["engaged"] for row in rows)


async def _watch_brake(connection: Connection, group: str) -> None:
    row = await connection.fetchrow(SQL["count_isolated"], group)
    if row is None:
        return
    minute, all_of_them = row["last_minute"], row["since_release"]
    if minute > ISOLATED_PER_MINUTE or all_of_them >= ISOLATED_IN_ALL:
        raise BrakeTrippedError(
            f"{minute} records isolated in the last minute (limit {ISOLATED_PER_MINUTE}),"
            f" {all_of_them} since the last release (limit {ISOLATED_IN_ALL})"
        )


async def _move(connection: Connection, group: str, cluster_id: str, moves: Sequence[Move]) -> None:
    moved = await connection.fetch(
        SQL["move_offsets"],
        group,
        cluster_id,
        [move.at.topic for move in moves],
        [move.at.partition for move in moves],
        [move.expected for move in moves],
        [move.next_offset for move in moves],
    )
    if len(moved) != len(moves):
        raise StaleOffsetsError(f"expected to move {len(moves)} offsets of {group}: {moves}")


def _parked(one: Waiting) -> Mapping[str, object]:
    if isinstance(one.item, Refused):
        raise TypeError("a refused record waits for nothing")
    return {
        "awaits": one.awaits,
        "member_id": one.item.member_id,
        "cause": one.item.cause,
        "fingerprint": hex_or_null(one.item.fingerprint),
        **record_columns(one.item.told_in),
    }


def _dead(refused: Refused) -> Mapping[str, object]:
    return {
        "reason": refused.reason,
        "detail": storable(refused.detail),
        "member_id": refused.member_id,
        "cause": refused.cause,
        "isolated": refused.isolated,
        **record_columns(refused.record),
    }


def _follow_up(one: FollowUp, command: Command) -> Mapping[str, object]:
    return {
        "event_id": one.event_id,
        "aggregatetype": FOLLOW_UP_TOPIC,
        "aggregateid": one.data.member_id,
        "type": one.data.type_name,
        "payload": encode_data(one.data).decode(),
        "headers": _trace(command),
    }


def _released(command: Command) -> Mapping[str, object]:
    """Send a parked event of another member on; it is told again under its own cause."""
    return {
        "event_id": command.event.id,
        "aggregatetype": FOLLOW_UP_TOPIC,
        "aggregateid": command.member_id,
        "type": command.event.type,
        "payload": encode_data(command.event.data).decode(),
        "headers": _trace(command),
    }


def _trace(command: Command) -> Mapping[str, str] | None:
    parent = command.event.traceparent
    return None if parent is None else {"traceparent": parent}
