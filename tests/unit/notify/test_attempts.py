"""What follows from an answer: when it is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.attempt import (
    Answer,
    Dead,
    Later,
    Patience,
    Sent,
    Slots,
    fate_of,
    retry_after_seconds,
)

PATIENCE = Patience()
NOW = datetime(2026, 1, 1, tzinfo=UTC)

answers = st.one_of(
    st.builds(
        Answer,
        status=st.integers(100, 599),
        retry_after_seconds=st.one_of(st.none(), st.floats(0, 1e12)),
    ),
    st.builds(Answer, problem=st.sampled_from(["timed-out", "unreachable"])),
)
chances = st.floats(0, 1, exclude_max=True)


@given(answer=answers, attempts=st.integers(1, 15), chance=chances)
def test_only_2xx_is_sent_only_a_refusal_ends_early(
    answer: Answer, attempts: int, chance: float
) -> None:
    fate = fate_of(answer, attempts, PATIENCE, chance=chance)
    status = answer.status or 0
    if 200 <= status < 300:
        assert fate == Sent()
    elif 400 <= status < 500 and status not in {408, 425, 429}:
        assert fate == Dead(f"http-{status}")
    else:
        assert isinstance(fate, Later)
        assert 2.5 <= fate.seconds <= PATIENCE.longest_wait_seconds


@given(answer=answers, chance=chances)
def test_the_last_attempt_is_the_last(answer: Answer, chance: float) -> None:
    assert not isinstance(fate_of(answer, PATIENCE.attempts, PATIENCE, chance=chance), Later)


@given(attempts=st.integers(1, 10_000), chance=chances)
def test_delays_double_up_to_the_cap_and_are_spread(attempts: int, chance: float) -> None:
    patience = Patience(attempts=10**6)
    fate = fate_of(Answer(status=500), attempts, patience, chance=chance)
    assert isinstance(fate, Later)
    ceiling = min(patience.cap_seconds, 5.0 * 2.0 ** min(attempts - 1, 100))
    assert ceiling / 2 <= fate.seconds <= ceiling


@given(asked=st.floats(0, 1e9), chance=chances)
def test_a_receiver_may_ask_for_more_time_within_a_bound(asked: float, chance: float) -> None:
    fate = fate_of(Answer(status=429, retry_after_seconds=asked), 1, PATIENCE, chance=chance)
    assert isinstance(fate, Later)
    assert fate.seconds >= min(asked, PATIENCE.longest_wait_seconds)
    assert fate.seconds <= max(5.0, min(asked, PATIENCE.longest_wait_seconds))


def test_the_default_patience_is_what_its_setting_says() -> None:
    for chance, hours in ((0.0, 8.8), (1.0, 17.7)):
        waits = [fate_of(Answer(status=500), n, PATIENCE, chance=chance) for n in range(1, 16)]
        seconds = sum(wait.seconds for wait in waits if isinstance(wait, Later))
        assert abs(seconds / 3600 - hours) < 0.1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 400, 999_999_999_999.0),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 99999999 00:00:00 GMT", None),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(header=st.text(max_size=60))
def test_any_retry_after_can_be_read(header: str) -> None:
    assert (retry_after_seconds(header, NOW + timedelta(days=1)) or 0.0) >= 0


def test_fewer_are_under_way_while_an_endpoint_fails() -> None:
    slots = Slots(8)
    for _ in range(5):
        slots.answered(Answer(problem="timed-out"))
    assert slots.open == 1
    slots.answered(Answer(status=410))
    assert slots.open == 2
    for _ in range(5):
        slots.answered(Answer(status=204))
    assert slots.open == 8
