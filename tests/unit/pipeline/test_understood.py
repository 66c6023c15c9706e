"""A record becomes a command or a dead letter, whatever is in it; it never raises."""

import pytest

from services.earn.handlers import Earn
from shared.contract.codec import Event, Record
from shared.pipeline.command import Command, Refused, understood
from tests.support.model import encode, topic_of
from tests.support.tellings import checked_in


def record(event_type: str, data: dict[str, object]) -> Record:
    key, value, headers = encode(event_type, data, "e1")
    return Record(topic_of(event_type), 0, 0, 0, key, value, tuple(headers))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_day_at_the_ends_of_the_calendar_is_refused_or_left_to_the_clock(
    zone: str, at: str
) -> None:
    item = understood(record(*checked_in("ann", at)), Earn(zone=zone).command)
    if isinstance(item, Command):
        assert item.cause in {"check-in/0001-01-01", "check-in/9999-12-31"}
        return
    assert (item.reason, item.member_id, item.isolated) == ("time-out-of-range", "ann", False)
    assert at[:10] in item.detail


def test_a_bug_is_poison_which_the_brake_counts() -> None:
    def buggy(_: Event, __: Record) -> Command:
        raise ZeroDivisionError("division by zero")

    item = understood(record(*checked_in("ann", "2026-01-01T00:00:00Z")), buggy)
    assert isinstance(item, Refused)
    assert (item.reason, item.isolated) == ("poison", True)
    assert item.detail == "ZeroDivisionError: division by zero"
