"""Cursors come back as they went out, and nothing else comes back at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mall.domain.cursors import (
    MAX_POSITION,
    MAX_SEQ,
    CursorError,
    Place,
    decode_cursor,
    decode_place,
    decode_position,
    encode_cursor,
    encode_place,
    encode_position,
)

_PLACES = st.builds(
    Place,
    st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.from_regex(r"[A-Za-z0-9._:@-]{1,64}", fullmatch=True),
)


@given(st.integers(1, MAX_SEQ))
def test_a_cursor_comes_back(seq: int) -> None:
    assert decode_cursor(encode_cursor(seq)) == seq


@given(st.text())
def test_anything_else_is_refused_with_one_error(text: str) -> None:
    try:
        seq = decode_cursor(text)
    except CursorError:
        return
    assert 0 < seq <= MAX_SEQ


@pytest.mark.parametrize("seq", [0, -1, MAX_SEQ + 1, 10**40])
def test_numbers_that_no_entry_has_are_refused(seq: int) -> None:
    with pytest.raises(CursorError):
        decode_cursor(encode_cursor(seq))


@given(st.integers(0, MAX_POSITION), _PLACES)
def test_each_kind_comes_back_and_no_other_takes_it(position: int, place: Place) -> None:
    by_position, by_place = encode_position(position), encode_place(place)
    assert decode_position(by_position) == position
    assert decode_place(by_place) == place
    for decode, cursor in (
        (decode_cursor, by_position),
        (decode_place, by_position),
        (decode_position, by_place),
        (decode_cursor, by_place),
    ):
        with pytest.raises(CursorError):
            decode(cursor)


@given(st.text())
def test_nothing_else_is_a_position_or_a_place(text: str) -> None:
    for decode in (decode_position, decode_place):
        with pytest.raises(CursorError):
            decode(text)


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    beyond = encode_place(Place(datetime(9999, 12, 31, tzinfo=UTC), "r1"))
    assert decode_place(beyond).at.year == 9999
    with pytest.raises(CursorError):
        decode_place("Mzo5MjIzMzcyMDM2ODU0Nzc1ODA3OnIx")
