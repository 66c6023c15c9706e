"""Rests between small pieces of work: as long as the work, up to a bound."""

from shared.platform.rest import MOST_SECONDS, rest_after


def test_a_rest_is_as_long_as_the_work_up_to_a_bound() -> None:
    assert rest_after(0.006) == 0.006
    assert rest_after(4.0) == MOST_SECONDS
