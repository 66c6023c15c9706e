"""The sweep rests as long as others made its pages take."""

import pytest

from services.expiry.domain import SLACK, Courtesy


def test_alone_it_does_not_rest() -> None:
    courtesy = Courtesy()
    assert [courtesy.rest(500, seconds) for seconds in (0.1, 0.09, 0.11, 0.1)] == [0, 0, 0, 0]


def test_it_rests_as_long_as_others_made_a_page_take() -> None:
    courtesy = Courtesy()
    courtesy.rest(500, 0.1)
    assert courtesy.rest(1_000, 0.5) == pytest.approx(0.5 - 0.2 * SLACK, rel=0.01)
    assert courtesy.rest(500, 0.1) == 0


def test_a_machine_that_became_slow_for_good_is_got_used_to() -> None:
    courtesy = Courtesy()
    courtesy.rest(500, 0.1)
    rests = [courtesy.rest(500, 0.2) for _ in range(1_000)]
    assert rests[0] > 0.07
    assert rests[-1] == 0
    assert rests == sorted(rests, reverse=True)
