"""What a writer counts of a committed batch: ages since things happened, points by kind."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from shared.contract.check_ins import CheckInMade
from shared.contract.codec import Event, Record
from shared.ledger.entries import Cause, MemberId
from shared.pipeline.command import Command, Refused
from shared.pipeline.fold import Folded, Result
from shared.pipeline.stages import Stages
from shared.pipeline.tally import HISTORY_SECONDS, Tally
from shared.platform.metrics import Metrics

NOW = 1_800_000_000.0
DATA = CheckInMade(member_id="ann", made_at=datetime(2026, 1, 1, tzinfo=UTC))
TOPIC = "orders.v1"


def record(told: float) -> Record:
    return Record(TOPIC, 0, 0, round(told * 1000), None, b"{}", ())


def command(happened: float | None, told: float) -> Command:
    time = None if happened is None else datetime.fromtimestamp(happened, UTC)
    event = Event(id="1", source="/shop", data=DATA, time=time)
    return Command(Cause("check-in/1"), MemberId("ann"), b"", event, record(told))


def counted(
    results: Sequence[tuple[Command | Refused, Result]], folded: Folded | None = None
) -> CollectorRegistry:
    registry = CollectorRegistry()
    folded = folded or Folded()
    folded.results.extend(results)
    tally = Tally(Metrics(registry, "earn"), "points-earn")
    tally.committed([item for item, _ in results], folded, Stages(), now=NOW)
    return registry


def age(registry: CollectorRegistry) -> float | None:
    labels = {"service": "earn", "topic": TOPIC}
    return registry.get_sample_value("points_event_end_to_end_seconds_sum", labels)


def test_age_is_since_the_thing_happened_not_since_it_was_sent() -> None:
    assert age(counted([(command(NOW - 40, NOW - 2), "applied")])) == pytest.approx(40)


def test_without_a_time_of_the_event_its_record_says_when() -> None:
    assert age(counted([(command(None, NOW - 2), "applied")])) == pytest.approx(2)


def test_a_clock_that_is_ahead_makes_no_negative_age() -> None:
    assert age(counted([(command(NOW + 5, NOW), "applied")])) == 0


@pytest.mark.parametrize("result", ["duplicate", "parked", "dead_lettered"])
def test_only_what_was_applied_has_an_age(result: Result) -> None:
    refused = Refused(reason="x", detail="x", record=record(NOW - 5))
    results: list[tuple[Command | Refused, Result]] = [
        (command(NOW - 9, NOW), result),
        (refused, "dead_lettered"),
    ]
    assert age(counted(results)) is None


def test_history_is_counted_and_has_no_age() -> None:
    late = command(NOW - HISTORY_SECONDS - 10, NOW - 5)
    waited_for_us = command(NOW - HISTORY_SECONDS - 10, NOW - HISTORY_SECONDS)
    registry = counted([(late, "applied"), (waited_for_us, "applied")])
    assert age(registry) == pytest.approx(HISTORY_SECONDS + 10)
    labels = {"service": "earn", "topic": TOPIC}
    assert registry.get_sample_value("points_events_late_total", labels) == 1


def test_points_are_counted_by_kind() -> None:
    registry = counted([], Folded(posted={"earned": 12, "expired": 5}))
    value = registry.get_sample_value
    assert value("points_posted_points_total", {"service": "earn", "kind": "earned"}) == 12
    assert value("points_posted_points_total", {"service": "earn", "kind": "expired"}) == 5


def test_the_brake_has_a_value_before_it_was_ever_engaged() -> None:
    registry = counted([])
    assert registry.get_sample_value("points_brake_engaged", {"consumer_group": "points-earn"}) == 0
