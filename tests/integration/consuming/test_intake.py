"""What a poll hands over against what is expected next: gaps are looked at twice, then counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRecord

from shared.pipeline.intake import Intake
from shared.pipeline.store import Partition

AT = Partition("orders.v1", 0)


def read(*offsets: int) -> "list[ConsumerRecord[Any, Any]]":
    return [
        ConsumerRecord(AT.topic, AT.partition, offset, 0, 0, None, b"", None, -1, 0, ())
        for offset in offsets
    ]


@dataclass(slots=True)
class Desk:
    """An intake, and what it asked for."""

    sought: list[int] = field(default_factory=list)
    holes: list[int] = field(default_factory=list)
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.intake = Intake(
            lambda _, offset: self.sought.append(offset),
            lambda _, records: self.holes.append(records),
        )

    def take(self, expected: int, *offsets: int) -> Sequence[int]:
        taken = self.intake.take(read(*offsets), {AT: expected})
        return [one.offset if hasattr(one, "offset") else one.record.offset for one in taken]


def test_what_was_taken_before_is_left_out() -> None:
    desk = Desk()
    assert desk.take(5, 3, 4, 5, 6) == [5, 6]
    assert (desk.sought, desk.holes) == ([], [])


def test_a_gap_is_sought_back_once_and_then_is_a_hole() -> None:
    desk = Desk()
    assert desk.take(5, 7, 8) == []
    assert (desk.sought, desk.holes) == ([5], [])
    assert desk.take(5, 7, 8) == [7, 8]
    assert (desk.sought, desk.holes) == ([5], [2])


def test_a_gap_that_closed_gets_its_second_chance_anew_after_a_rewind() -> None:
    desk = Desk()
    desk.take(5, 7)
    assert desk.take(5, 5, 6, 7) == [5, 6, 7]
    desk.intake.forget()
    assert desk.take(5, 7) == []
    assert (desk.sought, desk.holes) == ([5, 5], [])


def test_a_gap_inside_what_was_read_is_a_hole() -> None:
    desk = Desk()
    assert desk.take(5, 5, 8) == [5, 8]
    assert (desk.sought, desk.holes) == ([], [2])


def test_partitions_that_are_not_ours_are_left_alone() -> None:
    desk = Desk()
    assert desk.intake.take(read(0, 1), {}) == []
