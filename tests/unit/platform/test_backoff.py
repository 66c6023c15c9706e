"""Delays grow, stop growing, and differ."""

import pytest

from shared.platform.backoff import Backoff


def longest(_low: float, high: float) -> float:
    return high


def test_delays_double_up_to_the_cap_and_begin_again_after_a_success() -> None:
    backoff = Backoff(first_seconds=0.1, cap_seconds=1.0, uniform=longest)
    assert [round(backoff.next_seconds(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert backoff.attempts == 6
    backoff.reset()
    assert backoff.next_seconds() == pytest.approx(0.1)


def test_a_delay_is_never_near_zero_and_survives_any_number_of_attempts() -> None:
    backoff = Backoff(first_seconds=0.1, cap_seconds=1.0)
    delays = [backoff.next_seconds() for _ in range(2_000)]
    assert min(delays) >= 0.05
    assert max(delays[10:]) <= 1.0
    assert len(set(delays)) > 1_900


def test_senseless_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="first <= cap"):
        Backoff(first_seconds=2.0, cap_seconds=1.0)
