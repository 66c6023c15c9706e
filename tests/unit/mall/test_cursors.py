"""Cursors come back as they went out, and nothing else comes back at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mall.domain import MAX_SEQ, CursorError, decode_cursor, encode_cursor


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
