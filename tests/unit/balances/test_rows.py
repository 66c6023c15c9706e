"""A line is a row, or says what was expected and what came; requests are never too large."""

from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.balances.rows import BalancesError, Fault, Form, Row, read
from jifen.balances.sending import MOST_ROWS, chunks
from shared.contract.types import MAX_POINTS
from shared.platform.limits import MAX_BODY_BYTES

HEADER = "member,points,expires_on\n"
NO_DAY = (
    "expires_on: expected a day from 2000-01-01 to 9998-12-31 as YYYY-MM-DD, or nothing for never"
)


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "balances.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_lines_are_rows(tmp_path: Path) -> None:
    file = written(
        tmp_path, f"\ufeff{HEADER}m-1,100,2027-01-31\n\n m-2 , 0 ,\r\nm-3,{MAX_POINTS},9998-12-31"
    )
    assert list(read(file, Form())) == [
        Row(2, "m-1", 100, date(2027, 1, 31)),
        Row(4, "m-2", 0, None),
        Row(5, "m-3", MAX_POINTS, date(9998, 12, 31)),
    ]


def test_a_file_of_another_make_is_read_as_it_says(tmp_path: Path) -> None:
    text = '积分;备注;会员;到期\n5;"a;b\nc";m-1;31.12.2026\n'
    form = Form(
        member="会员",
        points="积分",
        expires="到期",
        date_format="%d.%m.%Y",
        encoding="gb18030",
        delimiter=";",
    )
    file = written(tmp_path, text, "gb18030")
    assert list(read(file, form)) == [Row(3, "m-1", 5, date(2026, 12, 31))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m 1,5,", "member: expected 1 to 64 characters of A-Za-z0-9._:@-, got 'm 1'"),
        (",5,", "member: expected 1 to 64 characters of A-Za-z0-9._:@-, got ''"),
        ("m-1,1.5,", "points: expected an integer from 0 to 1000000000, got '1.5'"),
        ("m-1,-5,", "points: expected an integer from 0 to 1000000000, got '-5'"),
        ("m-1,1000000001,", "points: expected an integer from 0 to 1000000000, got '1000000001'"),
        ("m-1,\u0665,", "points: expected an integer from 0 to 1000000000, got '\u0665'"),
        ("m-1,,", "points: expected an integer from 0 to 1000000000, got ''"),
        ("m-1,5", "expected 3 columns or more, got 2"),
        (
            "m-1,5,31.12.2026",
            f"{NO_DAY}, got '31.12.2026'",
        ),
        (
            "m-1,5,0202-01-01",
            f"{NO_DAY}, got '0202-01-01'",
        ),
    ],
)
def test_a_line_that_is_none_says_why(tmp_path: Path, line: str, message: str) -> None:
    file = written(tmp_path, f"{HEADER}m-0,1,\n{line}\n")
    assert list(read(file, Form()))[1:] == [Fault(3, message)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected columns member, points, expires_on, got none"),
        (b"member,points\n", "expected columns expires_on, got member, points"),
        (b"member,points,expires_on,points\n", "expected points once, found it twice"),
        (b"member,points,expires_on\nm\xff,1,\n", "expected utf-8-sig, got bytes that are none"),
        (b'member,points,expires_on\n"m"x,1,\n', "is no CSV"),
    ],
)
def test_a_file_that_is_none_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "balances.csv"
    file.write_bytes(content)
    with pytest.raises(BalancesError, match=said):
        list(read(file, Form()))


@pytest.mark.parametrize("encoding", ["klingon", "base64"])
def test_an_encoding_that_is_none_says_so(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(BalancesError, match=f"encoding: there is none called '{encoding}'"):
        list(read(written(tmp_path, HEADER), Form(encoding=encoding)))


@given(st.lists(st.integers(1, 64), max_size=2_500))
def test_requests_take_all_rows_in_order_and_none_is_too_large(lengths: list[int]) -> None:
    rows = [
        Row(line, "m" * length, MAX_POINTS, date(2027, 1, 31))
        for line, length in enumerate(lengths, start=2**31 - 3_000)
    ]
    cut = list(chunks(rows))
    assert [orjson.loads(one)["row"] for chunk in cut for one in chunk] == [
        row.line for row in rows
    ]
    assert all(0 < len(chunk) <= MOST_ROWS for chunk in cut)
    assert all(len(b",".join(chunk)) + 100 < MAX_BODY_BYTES for chunk in cut)
