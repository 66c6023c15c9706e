"""Events that members are told of, as the relay would publish them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from shared.contract.codec import Event, encode_binary
from shared.contract.points import PointsEarned, PointsExpired
from shared.contract.redemption_events import (
    RedemptionCompleted,
    RedemptionRejected,
    RedemptionReserved,
    RedemptionShipped,
    RedemptionStatus,
    RedemptionToShip,
    RedemptionWithdrawn,
)
from shared.contract.reminders import ExpiryReminderDue
from shared.contract.wire import Wire

AT = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAY = date(2026, 1, 31)

Raw = tuple[str, bytes, bytes, list[tuple[str, bytes]]]
"""Topic, key, value and headers of one record."""

STATUSES: tuple[type[RedemptionStatus], ...] = (
    RedemptionReserved,
    RedemptionToShip,
    RedemptionShipped,
    RedemptionCompleted,
)


def raw(data: Wire, event_id: str = "e") -> Raw:
    value, headers = encode_binary(Event(id=event_id, source="/test", data=data))
    return data.topic, data.member_id.encode(), value, headers


def reminder(
    member: str, stage: int = 30, *, expires_on: date = DAY, points: int = 50
) -> ExpiryReminderDue:
    told: dict[str, Any] = {"stage": stage, "expires_on": expires_on, "points": points}
    return ExpiryReminderDue(member_id=member, at=AT, **told)


def expired(member: str, n: int = 1, *, seq: int = 9, expires_on: date = DAY) -> PointsExpired:
    return PointsExpired(
        member_id=member,
        entry_id=f"{member}/{seq}",
        seq=seq,
        cause=f"expiry/{expires_on}/{n}",
        points=-50,
        balance=0,
        reason={"rule": "expiry", "expires_on": str(expires_on)},
        at=AT,
        posted_at=AT,
    )


def earned(member: str, seq: int = 1) -> PointsEarned:
    return PointsEarned(
        member_id=member,
        entry_id=f"{member}/{seq}",
        seq=seq,
        cause=f"order/o{seq}/paid",
        points=50,
        balance=50,
        reason={"rules": ["purchase"]},
        at=AT,
        posted_at=AT,
    )


def moved(
    member: str,
    kind: type[RedemptionStatus],
    version: int,
    *,
    name: str = "r1",
    reason: str | None = None,
) -> RedemptionStatus:
    return kind(
        redemption_id=name,
        member_id=member,
        version=version,
        reward_id="mug",
        quantity=1,
        points=100,
        at=AT,
        reason=reason,
    )


def rejected(member: str, reason: str = "out-of-stock", *, name: str = "r1") -> RedemptionStatus:
    return moved(member, RedemptionRejected, 1, name=name, reason=reason)


def cancelled(member: str, version: int, *, name: str = "r1") -> RedemptionStatus:
    return moved(member, RedemptionWithdrawn, version, name=name, reason="by-request")


def lives(members: int, seed: int) -> list[Wire]:
    """What a relay with zombies might publish: in order at first, repeats of old events between."""
    chance = Random(seed)  # noqa: S311
    told: list[Wire] = []
    for event in _shuffled([list(_life(f"m{n}", chance)) for n in range(members)], chance):
        told.append(event)
        if chance.random() < 0.3:
            told.append(chance.choice(told))
    return told


def _life(member: str, chance: Random) -> Iterator[Wire]:
    yield earned(member)
    yield from [reminder(member, stage) for stage in (90, 30, 7, 1) if chance.random() < 0.8]
    yield expired(member)
    for number in range(chance.randrange(3)):
        statuses = STATUSES[: chance.randrange(1, 5)]
        name = f"r{number}"
        for version, kind in enumerate(statuses, start=1):
            yield moved(member, kind, version, name=name)
        if len(statuses) < 3:
            yield cancelled(member, len(statuses) + 1, name=name)


def _shuffled(lives: Sequence[Sequence[Wire]], chance: Random) -> Iterator[Wire]:
    """Mix lives; each one keeps its order."""
    turns = [number for number, life in enumerate(lives) for _ in life]
    chance.shuffle(turns)
    left = [iter(life) for life in lives]
    for turn in turns:
        yield next(left[turn])


def expected(told: Sequence[Wire]) -> set[tuple[str, str]]:
    """Say in other words than the service's which (member, template) messages must come of it."""
    seen: dict[tuple[str, str], int] = {}
    causes: set[tuple[str, str]] = set()
    for event in told:
        match event:
            case ExpiryReminderDue():
                cause = f"expiry/{event.expires_on}/reminder/{event.stage}"
            case PointsExpired():
                cause = event.cause
            case RedemptionStatus():
                key = (event.member_id, event.redemption_id)
                if event.type_name == "redemption.reserved.v1":
                    continue
                if event.version < seen.get(key, 0):
                    continue
                seen[key] = event.version
                status = event.type_name.removeprefix("redemption.").removesuffix(".v1")
                cause = f"redemption/{event.redemption_id}/{status}"
            case _:
                continue
        causes.add((event.member_id, cause))
    return causes
