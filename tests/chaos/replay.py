"""The ledger's own order told to the specification, which must come to the same, line by line.

Where services work on the same members at once, only the order in which they got their turn is
open; the ledger has it. Rejections leave no entry, and what was rejected is not told again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from tests.integration.redeem.desk import rows
from tests.support.databases import Database
from tests.support.model import Reward, Rules, Shop, World
from tests.support.model.account import Part
from tests.support.model.errands import FOLLOWING, about
from tests.support.model.shop import VERBS
from tests.support.model.world import HAPPENED, Event, Telling

FOR_EVER = timedelta(days=10**5)
PLENTY = 10**9
RULES = Rules()

_ENTRIES = "SELECT * FROM ledger.entry ORDER BY member_id, seq"


def told_again(
    entries: Sequence[Mapping[str, Any]],
    gifts: Mapping[str, Sequence[Part]],
    rewards: Iterable[Reward],
    told: Mapping[tuple[str, str], Event],
) -> World:
    """Tell what entries came of, each at the moment when it was posted."""
    world = World(RULES)
    offered = [Reward(id=one.id, points=one.points, stock=PLENTY) for one in rewards]
    shop = Shop(world.rules, world.account, offered, reservation=FOR_EVER, most_open=PLENTY)
    for row in entries:
        member, cause, at = row["member_id"], row["cause"], row["posted_at"]
        account, verb = world.account(member), cause.rpartition("/")[2]
        if any(entry.cause == cause for entry in account.entries[row["seq"] - 1 :]):
            continue  # it came of the one before
        if cause == "gift":
            account.credit(gifts[member], cause=cause, today=world.rules.day(at))
        elif cause.startswith("expiry/"):
            world.settle(at, member)
        elif verb == "return":
            shop.tell(about(FOLLOWING["cancel"], member, cause.split("/")[1], at), at)
        elif verb == "reserve":
            shop.tell(told[member, cause], at)
        else:
            world.tell(told[member, cause], at)
    return world


async def agrees(
    database: Database,
    gifts: Mapping[str, Sequence[Part]],
    rewards: Iterable[Reward],
    told: Mapping[tuple[str, str], Event],
) -> None:
    """Hold every member's entries against the model that was told them in this order."""
    entries = [dict(row) for row in await rows(database, _ENTRIES)]
    found: dict[str, list[tuple[object, ...]]] = {}
    for row in entries:
        line = (row["cause"], row["kind"], row["points"], row["balance"])
        found.setdefault(row["member_id"], []).append(line)
    world = told_again(entries, gifts, rewards, told)
    wanted = {
        member: [entry[:4] for entry in account.entries]
        for member, account in world.accounts().items()
    }
    wrong = {
        member: _first_difference(lines, wanted.get(member, []))
        for member, lines in found.items()
        if lines != wanted.get(member)
    }
    assert not wrong, f"(line, found, expected) by member: {wrong}"


def by_cause(told: Iterable[Event]) -> Mapping[tuple[str, str], Event]:
    """Find the first telling of what moves points, by member and cause."""
    found: dict[tuple[str, str], Event] = {}
    for event in told:
        if event["type"] in HAPPENED or event["type"] == "redemption.requested.v1":
            found.setdefault((event["data"]["member_id"], cause_of(event)), event)
    return found


def cause_of(event: Event) -> str:
    """Name the cause of an event of the shop or of a member who wants a reward."""
    kind, data = event["type"], event["data"]
    if kind in VERBS:
        return f"redemption/{data['redemption_id']}/{VERBS[kind][0]}"
    happened, member = datetime.fromisoformat(data[HAPPENED[kind]]), data["member_id"]
    day = RULES.day(happened)
    return Telling(
        event=event, type=kind, data=data, member=member, day=day, today=day, now=happened
    ).cause


def _first_difference(found: Sequence[object], wanted: Sequence[object]) -> object:
    pairs = enumerate(zip_longest(found, wanted), start=1)
    return next((line, *pair) for line, pair in pairs if pair[0] != pair[1])
