"""The sweep rests where others make its pages take long."""

import pytest

from services.expiry.domain import SLACK, WAY, Courtesy


def test_alone_it_does_not_rest() -> None:
    courtesy = Courtesy()
    assert [courtesy.rest(500, seconds) for seconds in (0.1, 0.09, 0.11, 0.15)] == [0, 0, 0, 0]


def test_it_leaves_to_others_a_multiple_of_what_they_took() -> None:
    courtesy = Courtesy()
    courtesy.rest(500, 0.1)
    assert courtesy.rest(1_000, 0.5) == pytest.approx(WAY * (0.5 - 0.2 * SLACK), rel=0.01)
    assert courtesy.rest(500, 0.1) == 0


def test_small_pages_say_nothing() -> None:
    courtesy = Courtesy()
    assert [courtesy.rest(499, 0.001), courtesy.rest(500, 0.1), courtesy.rest(1, 9)] == [0, 0, 0]


def test_a_machine_that_became_slow_for_good_is_got_used_to() -> None:
    courtesy = Courtesy()
    courtesy.rest(500, 0.1)
    rests = [courtesy.rest(500, 0.2) for _ in range(5_000)]
    assert rests[0] > 0
    assert rests[-1] == 0
    assert rests == sorted(rests, reverse=True)
