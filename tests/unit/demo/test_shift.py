"""The shift of dates is remembered by what is in the file."""

from datetime import date
from pathlib import Path

import pytest

from jifen.demo.errors import ReplayError
from jifen.demo.shift import FILE, shift_days

LAST = date(2010, 12, 5)


def test_the_first_shift_stays(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there"
    assert shift_days(home, "a", last=LAST, yesterday=date(2010, 12, 15)) == 10
    assert shift_days(home, "a", last=LAST, yesterday=date(2010, 12, 25)) == 10
    assert shift_days(home, "b", last=LAST, yesterday=date(2010, 12, 25)) == 20
    assert shift_days(home, "a", last=LAST, yesterday=date(2010, 12, 25)) == 10


def test_a_memory_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(ReplayError, match="can't be read"):
        shift_days(tmp_path, "a", last=LAST, yesterday=LAST)
    assert (tmp_path / FILE).read_text() == "{"
