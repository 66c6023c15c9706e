"""What members and shops go through, from outside, on whatever backend the suite has."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from jifen.testing import WrongPointsError
from tests.e2e.outside import MUG, Outside, kinds
from tests.integration.earn.desk import now
from tests.integration.expiry.desk import give_lots
from tests.support.tellings import checked_in, paid, refunded

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

DEAD = "orders.v1.points-earn.dlq"


async def test_an_order_earns_and_its_refund_takes_back(outside: Outside) -> None:
    order, refund = paid("a1", "ann", minor=12_800), refunded("a1", "ann", minor=6_400)
    await outside.tell(order)
    await outside.stack.wait_for_points("ann", 128)
    await outside.tell(refund, order, refund)
    await outside.stack.wait_for_points("ann", 64)
    heard = await outside.hear("points.v1", lambda one: one[1]["member_id"] == "ann", 2)
    assert kinds(heard) == ["points.earned.v1", "points.reversed.v1"]
    assert [data["points"] for _, data in heard] == [128, -64]
    found = await outside.ask("mall", "/v1/members/ann/entries", name="ann")
    assert [one["cause"] for one in found["entries"]] == ["order/a1/refund/r1", "order/a1/paid"]


async def test_a_check_in_earns(outside: Outside) -> None:
    await outside.tell(checked_in("chen"), checked_in("chen"))
    await outside.stack.wait_for_points("chen", 1)


async def test_a_reward_is_taken_over_http_and_a_reserved_one_given_back(outside: Outside) -> None:
    await outside.tell(paid("h1", "hu", minor=50_000))
    await outside.stack.wait_for_points("hu", 500)
    path = "/v1/members/hu/redemptions"
    wanted = {"reward_id": MUG.id, "quantity": 2, "confirm": True}
    once, again = [
        await outside.post("redeem", path, wanted, name="hu", headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    ]
    assert once == again
    assert (once[0], once[1]["status"], once[1]["points"]) == (201, "to-ship", 200)
    reserve = {"reward_id": MUG.id, "quantity": 1}
    _, held = await outside.post(
        "redeem", path, reserve, name="hu", headers={"Idempotency-Key": "k2"}
    )
    await outside.stack.wait_for_points("hu", 200)
    code, back = await outside.post(
        "redeem", f"{path}/{held['redemption_id']}/cancel", {}, name="hu"
    )
    assert (code, back["status"]) == (200, "cancelled")
    await outside.stack.wait_for_points("hu", 300)


async def test_a_reward_is_taken_over_kafka_and_given_up(outside: Outside) -> None:
    await outside.tell(paid("k1", "kim", minor=15_000))
    await outside.stack.wait_for_points("kim", 150)
    about = {"redemption_id": "kims-mug", "member_id": "kim"}
    want = {**about, "reward_id": MUG.id, "quantity": 1, "requested_at": _now(), "confirm": True}
    await outside.tell(("redemption.requested.v1", want))
    await outside.stack.wait_for_points("kim", 50)
    await outside.tell(("redemption.cancelled.v1", {**about, "at": _now()}))
    await outside.stack.wait_for_points("kim", 150)
    told = await outside.hear(
        "redemption-events.v1", lambda one: one[1]["redemption_id"] == "kims-mug", 2
    )
    assert kinds(told) == ["redemption.to-ship.v1", "redemption.cancelled.v1"]


async def test_what_is_past_its_date_goes_and_what_will_is_told(outside: Outside) -> None:
    soon, over = (
        paid("o1", "old", paid_at=_months_ago(12)),
        paid("o2", "old", paid_at=_months_ago(13)),
    )
    await outside.tell(soon, over)
    await outside.stack.wait_for_points("old", 10)
    await give_lots(outside.database, {"idle": [(now().date() - timedelta(days=40), 70)]})
    assert await outside.stack.points_of("idle") == 70
    code, _ = await outside.post(
        "expiry", "/v1/expiry/runs", {"remind_now": True}, name="olga", role="operator"
    )
    assert code == 202
    await outside.stack.wait_for_points("idle", 0)
    await outside.until("reminder in the inbox", lambda: _inbox(outside, "old", "expiry-reminder"))
    entries = await outside.stack.entries_of("old")
    assert [one.points for one in entries if one.kind == "expired"] == [-10]


async def test_what_is_no_event_is_a_dead_letter_and_the_next_one_counts(outside: Outside) -> None:
    await outside.send_bytes("orders.v1", b"dora", b"no event")
    await outside.tell(paid("d1", "dora", minor=5_000))
    await outside.stack.wait_for_points("dora", 50)
    letters = [one.reason for one in await outside.stack.dead_letters()]
    assert "missing-attribute" in letters
    assert await outside.hear(DEAD, lambda one: one[1].get("bytes") == b"no event", 1)
    assert "missing-attribute" in await outside.command("dead-letters", "list")


async def test_waiting_in_vain_says_what_came_instead(outside: Outside) -> None:
    await outside.tell(paid("w1", "wei", minor=5_000))
    await outside.stack.wait_for_points("wei", 50)
    with pytest.raises(
        WrongPointsError, match=r"(?s)wei: expected 60 .* found 50 .*\+50 .*w1/paid"
    ):
        await outside.stack.wait_for_points("wei", 60, timeout_seconds=0.2)


async def test_the_ledger_adds_up(outside: Outside) -> None:
    await outside.tell(paid("l1", "lin", minor=5_000))
    await outside.stack.wait_for_points("lin", 50)
    await outside.is_clean()


async def _inbox(outside: Outside, member: str, template: str) -> list[Any]:
    found = await outside.ask("mall", f"/v1/members/{member}/notices", name=member, language="en")
    return [one for one in found["notices"] if one["template"].startswith(template)]


def _now() -> str:
    return now().isoformat()


def _months_ago(count: int) -> str:
    """Name a moment in the middle of a month: points of twelve months ago end with this one."""
    month = now().astimezone(UTC).replace(day=15)
    year, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return month.replace(year=year, month=index + 1).isoformat()
