"""Reasons in plain words."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from jifen.client.mall import Entry
from jifen.demo.words import why

PAID: dict[str, JsonValue] = {"base_minor": 1530, "currency": "GBP"}


@pytest.mark.parametrize(
    ("cause", "reason", "said"),
    [
        (
            "order/7/paid",
            {**PAID, "rate": [1, 100], "rounding": "down"},
            "order 7: 15.30 GBP paid, 1 point for each 1.00, rounded down",
        ),
        (
            "order/7/paid",
            {**PAID, "rate": [2, 100], "rounding": "up", "debt_repaid": 4},
            "order 7: 15.30 GBP paid, 2 points for each 1.00, rounded up; 4 of it repaid a debt",
        ),
        (
            "order/7/paid",
            {**PAID, "zero": "currency-not-in-program"},
            "order 7: 15.30 GBP paid; the program does not list this currency",
        ),
        (
            "order/7/refund/C8",
            {"applied_minor": 5, "currency": "GBP", "awarded": 15, "taken_back": 1},
            "0.05 GBP of order 7 given back: of its 15 points 1 are taken by now",
        ),
        ("check-in/2026-01-31", {"position": 3}, "check-in, day 3 of a streak"),
        (
            "check-in/2026-01-31",
            {"position": 3, "full_attendance": 50},
            "check-in, day 3 of a streak, and 50 for a month without a gap",
        ),
        (
            "check-in/2026-01-31/corrected/1",
            {"late_day": "2026-01-30", "was": 1, "is": 2},
            "check-in of 2026-01-30 came late: 2026-01-31 was worth 1, is worth 2",
        ),
        ("share/click/bob/2026-01-31", {}, "friend bob opened what was shared"),
        ("share/order/7", {}, "a friend's first order, 7"),
        (
            "share/order/7/reversed",
            {},
            "the friend's order 7 was given back, and the bonus with it",
        ),
        ("expiry/2026-01-31/1", {}, "could be spent until 2026-01-31, and was not"),
        (
            "redemption/7/reserve",
            {"reward_id": "mug", "quantity": 2, "price": 1000},
            "redeemed 2 mug for 1000 each",
        ),
        (
            "redemption/7/return",
            {"reward_id": "mug", "why": "by-request"},
            "mug was not taken after all: by-request",
        ),
        ("something/else", {"rule": "new"}, "rule new"),
        ("share/order/7", {"zero": "new-word"}, "a friend's first order, 7; new-word"),
    ],
)
def test_each_cause_has_its_sentence(cause: str, reason: dict[str, JsonValue], said: str) -> None:
    entry = Entry(
        seq=1,
        cause=cause,
        kind="earned",
        points=0,
        balance=0,
        reason=reason,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        posted_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert why(entry) == said
