"""Tables and topics held against the specification; what differs is named."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from services.notify.domain.message import notification_id
from tests.chaos.replay import cause_of
from tests.integration.earn.desk import expected, standings
from tests.integration.ledger.desk import audited
from tests.integration.redeem.desk import rows, stock_adds_up
from tests.integration.relay.outbox import records_of
from tests.support.databases import Database
from tests.support.model import Redemption, Shop, World

Message = tuple[str, str]
"""Member and cause."""

# A bonus undone and one never given are told apart by causes alone, and the order of topics
# decides which it is.
_UNDONE = "/reversed"
_CAUSES = "SELECT member_id, cause FROM ledger.entry WHERE cause NOT LIKE '%/reversed'"
_DEAD = "SELECT reason FROM messaging.dead_letter"
_PARKED = "SELECT member_id, cause FROM messaging.parked"
_REDEMPTIONS = "SELECT * FROM redeem.redemption"
_ANSWERS = "SELECT member_id, cause, answer FROM redeem.command"
_STOCK = "SELECT reward_id, total, reserved, sold FROM redeem.stock"
_REMINDERS = "SELECT member_id, expires_on, stage, points FROM expiry.reminder"
_INBOX = "SELECT member_id, cause FROM notify.message"


def same(what: str, found: Collection[Any], wanted: Collection[Any]) -> None:
    """Hold two collections to having the same in them, each thing as often."""
    have, want = Counter(found), Counter(wanted)
    missing, more = sorted((want - have).items()), sorted((have - want).items())
    differs = bool(missing or more)
    assert not differs, f"{what}: missing {missing[:20]}, too many {more[:20]}"


async def ledger_agrees(database: Database, world: World, members: Collection[str]) -> None:
    """Compare members' balances, lots and causes; and everybody's books with themselves."""
    found, wanted = await standings(database), expected(world)
    wrong = {
        member: (found.get(member), wanted.get(member))
        for member in members
        if found.get(member) != wanted.get(member)
    }
    assert not wrong, f"(found, expected) by member: {wrong}"
    causes = {member: account.entries for member, account in world.accounts().items()}
    same(
        "causes",
        [(one[0], one[1]) for one in await rows(database, _CAUSES) if one[0] in members],
        [
            (member, entry.cause)
            for member in members
            for entry in causes[member]
            if not entry.cause.endswith(_UNDONE)
        ],
    )
    await books_are_clean(database)


async def books_are_clean(database: Database) -> None:
    findings = (await audited(database)).findings
    assert not findings, f"the audit found {findings}"


async def nothing_is_left_over(database: Database, world: World, shop: Shop) -> None:
    """Compare what was buried and what still waits; told again while it waits it waits once."""
    reasons = [why for _, why in (*world.dead, *shop.dead)]
    same("dead letters", [row["reason"] for row in await rows(database, _DEAD)], reasons)
    waiting = (*world.parked, *shop.parked)
    same(
        "parked",
        [tuple(row) for row in await rows(database, _PARKED)],
        {(event["data"]["member_id"], cause_of(event)) for event in waiting},
    )


async def redemptions_agree(database: Database, shop: Shop, members: Collection[str]) -> None:
    """Compare members' redemptions and the answers they got."""
    same(
        "redemptions",
        [
            (row["member_id"], row["redemption_id"], row["status"], row["version"])
            for row in await rows(database, _REDEMPTIONS)
            if row["member_id"] in members
        ],
        [(*key, one.status, one.version) for key, one in shop.redemptions.items()],
    )
    # An accepted request has no answer but its redemption.
    accepted = {(member, f"redemption/{name}/reserve") for member, name in shop.redemptions}
    kept = [row for row in await rows(database, _ANSWERS) if row["member_id"] in members]
    told = [(row["member_id"], row["cause"], json.loads(row["answer"])) for row in kept]
    same(
        "answers",
        [(member, cause, one["status"], one.get("reason", "")) for member, cause, one in told],
        [
            (*key, one.status, one.reason)
            for key, one in shop.answers.items()
            if key not in accepted
        ],
    )


async def stock_agrees(database: Database, shop: Shop) -> None:
    """Compare what is left, reserved and sold of each reward: together the initial stock."""
    found = {row["reward_id"]: row for row in await rows(database, _STOCK)}
    held = {name: [one for one in _standing(shop, name) if one.held] for name in shop.rewards}
    sold = {name: [one for one in _standing(shop, name) if not one.held] for name in shop.rewards}
    same(
        "stock (reward, left, reserved, sold)",
        [
            (name, row["total"] - row["reserved"] - row["sold"], row["reserved"], row["sold"])
            for name, row in found.items()
            if name in shop.rewards
        ],
        [
            (name, reward.stock - shop.taken(name), _pieces(held[name]), _pieces(sold[name]))
            for name, reward in shop.rewards.items()
        ],
    )
    assert await stock_adds_up(database), "stock is not what the redemptions say"


async def reminders_agree(
    database: Database,
    wanted: Collection[tuple[date, int]],
    members: Collection[str],
    *,
    days: Collection[date],
    points: int,
) -> None:
    """Compare expiry's own record with what the lots call for, which members have all alike.

    Lots are spent on their own day, and whole before. Of the days that were lived, those whose eve
    was not are planned while they are spent.
    """
    found = [tuple(row) for row in await rows(database, _REMINDERS) if row["member_id"] in members]
    same(
        "reminders",
        [one[:3] for one in found],
        [(member, *one) for member in members for one in wanted],
    )
    late = {(day, 1) for day in days if day - timedelta(days=1) not in days}
    odd = [one for one in found if one[1:3] not in late and one[3] != points]
    assert not odd, f"reminders of other points than {points}: {odd[:20]}"


async def reminders_told(database: Database, bootstrap: str) -> None:
    """Compare the topic, repeats left out, with expiry's own record."""
    told = (await _events(bootstrap, "reminders.v1")).values()
    same(
        "reminders.v1",
        [(one["member_id"], one["expires_on"], one["stage"], one["points"]) for _, one in told],
        [(one[0], str(one[1]), one[2], one[3]) for one in await rows(database, _REMINDERS)],
    )


async def statuses_told(bootstrap: str, shop: Shop) -> None:
    """Compare the topic of redemptions, repeats left out: each status once, and in order."""
    told = (await _events(bootstrap, "redemption-events.v1")).values()
    same(
        "redemption-events.v1",
        [
            (kind.split(".")[1], one["redemption_id"], one["version"], one.get("reason", ""))
            for kind, one in told
        ],
        shop.events,
    )
    versions: dict[str, list[int]] = {}
    for _, one in told:
        versions.setdefault(one["redemption_id"], []).append(one["version"])
    wrong = {name: each for name, each in versions.items() if each != sorted(each)}
    assert not wrong, f"versions out of order: {wrong}"


def messages(world: World, shop: Shop, reminders: Collection[tuple[date, int]]) -> set[Message]:
    """Say which messages members must have: one per cause, none of what they only reserved."""
    owners = {name: member for member, name in shop.redemptions}
    owners |= {cause.split("/")[1]: member for member, cause in shop.answers}
    return {
        *(
            (member, f"expiry/{day}/reminder/{stage}")
            for member in world.accounts()
            for day, stage in reminders
        ),
        *(
            (owners[name], f"redemption/{name}/{status}")
            for status, name, _, _ in shop.events
            if status != "reserved"
        ),
        *(
            (member, entry.cause)
            for member, account in world.accounts().items()
            for entry in account.entries
            if entry.kind == "expired"
        ),
    }


async def inbox_agrees(database: Database, bootstrap: str, wanted: Collection[Message]) -> None:
    """Compare the inboxes with what they must hold, and the topic that announces messages."""
    same("messages", [tuple(row) for row in await rows(database, _INBOX)], wanted)
    same(
        "notifications.v1",
        [
            one["notification_id"]
            for _, one in (await _events(bootstrap, "notifications.v1")).values()
        ],
        [notification_id(*one) for one in wanted],
    )


async def _events(bootstrap: str, topic: str) -> Mapping[str, tuple[str, dict[str, Any]]]:
    """Read (type, data) of a topic by event id, as consumers do that leave repeats out."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for record in await records_of(bootstrap, topic):
        headers = {name: value.decode() for name, value in record.headers}
        assert record.value is not None
        found.setdefault(headers["ce_id"], (headers["ce_type"], json.loads(record.value)))
    return found


def _standing(shop: Shop, reward: str) -> list[Redemption]:
    return [one for one in shop.redemptions.values() if one.stands and one.reward.id == reward]


def _pieces(redemptions: Iterable[Redemption]) -> int:
    return sum(one.quantity for one in redemptions)
