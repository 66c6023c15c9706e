"""Reading lines: what counts, what is skipped and why, and what is not understood."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.demo.errors import ReplayError
from jifen.demo.form import Columns, Form
from jifen.demo.parse import Goods, Skip, money, read
from jifen.demo.times import UNDERSTOOD
from tests.unit.demo.files import HEADER, file, line


def one(folder: Path, text: str, form: Form | None = None) -> Goods | Skip:
    (row,) = read(file(folder, text), form or Form())
    return row.what


def goods(folder: Path, text: str, form: Form | None = None) -> Goods:
    found = one(folder, text, form)
    assert isinstance(found, Goods)
    return found


def refusal(path: Path, form: Form | None = None) -> str:
    with pytest.raises(ReplayError) as caught:
        list(read(path, form or Form()))
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("text", "skip"),
    [
        (line(customer=""), Skip.NO_CUSTOMER),
        (line(customer="Ann Smith"), Skip.BAD_CUSTOMER),
        (line(customer="9" * 41), Skip.BAD_CUSTOMER),
        (line(customer=".0"), Skip.BAD_CUSTOMER),
        (line(invoice="5 3"), Skip.BAD_INVOICE),
        (line(invoice=""), Skip.BAD_INVOICE),
        (line(sku="POST"), Skip.NO_GOODS),
        (line(sku="D"), Skip.NO_GOODS),
        (line(sku="M"), Skip.NO_GOODS),
        (line(sku="C2"), Skip.NO_GOODS),
        (line(sku="BANK CHARGES"), Skip.NO_GOODS),
        (line(sku="AMAZONFEE"), Skip.NO_GOODS),
        (line(sku=""), Skip.NO_GOODS),
        (line(quantity="0"), Skip.ZERO_QUANTITY),
        (line(quantity="-10"), Skip.NEGATIVE_QUANTITY),
        (line(invoice="C536379", quantity="1"), Skip.POSITIVE_RETURN),
        (line(price="0"), Skip.ZERO_PRICE),
        (line(price="0.00"), Skip.ZERO_PRICE),
        (line(price="-11062.06"), Skip.NEGATIVE_PRICE),
        (line(price="999999999999", quantity="9"), Skip.TOO_LARGE),
        (line(price="0.01", quantity="9999999999"), Skip.TOO_LARGE),
    ],
)
def test_a_line_that_sells_no_goods_to_a_member_says_why(
    tmp_path: Path, text: str, skip: Skip
) -> None:
    assert one(tmp_path, text) is skip


def test_what_stands_on_a_line_without_customer_is_not_looked_at(tmp_path: Path) -> None:
    assert one(tmp_path, line(customer="", at="?", price="?", quantity="?")) is Skip.NO_CUSTOMER


@pytest.mark.parametrize(
    ("price", "quantity", "minor"),
    [
        ("2.55", "6", 1530),
        ("0.005", "1", 1),
        ("0.005", "3", 2),
        ("1.0049", "1", 100),
        ("3", "1", 300),
    ],
)
def test_money_is_rounded_once_per_line(
    tmp_path: Path, price: str, quantity: str, minor: int
) -> None:
    assert goods(tmp_path, line(price=price, quantity=quantity)).minor == minor


@given(
    price=st.decimals(0, 10**12 - 1, places=12),
    quantity=st.integers(0, 10**10),
    digits=st.integers(0, 4),
)
def test_money_is_exact_but_for_its_one_rounding(
    price: Decimal, quantity: int, digits: int
) -> None:
    exact = int(price.scaleb(12)) * quantity * 10**digits  # in units of 10^-12 of a minor unit
    assert abs(money(price, quantity, digits) * 10**12 - exact) <= 10**12 // 2


def test_a_return_has_positive_numbers_too(tmp_path: Path) -> None:
    found = goods(tmp_path, line(invoice="C536379", quantity="-2"))
    assert (found.quantity, found.minor) == (2, 510)


def test_numbers_that_a_table_program_turned_into_floats_are_the_same_numbers(
    tmp_path: Path,
) -> None:
    found = goods(tmp_path, line(customer="17850.0", quantity="6.0"))
    assert (found.member_id, found.quantity) == ("uk-17850", 6)


@pytest.mark.parametrize(
    ("text", "form", "at"),
    [
        ("2010-12-01T08:26:00", Form(), "2010-12-01T08:26:00"),
        ("2010-12-01 08:26", Form(), "2010-12-01T08:26:00"),
        ("12/1/2010 8:26", Form(), "2010-12-01T08:26:00"),
        ("2010-07-01T08:26:00+02:00", Form(), "2010-07-01T07:26:00"),
        ("2010-07-01T08:26:00Z", Form(), "2010-07-01T09:26:00"),
        ("1.12.2010 8.26", Form(date_format="%d.%m.%Y %H.%M"), "2010-12-01T08:26:00"),
    ],
)
def test_dates_are_local_to_the_shop(tmp_path: Path, text: str, form: Form, at: str) -> None:
    assert goods(tmp_path, line(at=text), form).at.isoformat() == at


def test_columns_delimiter_and_encoding_can_be_others(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    header = "Rechnung;Kunde;Artikel;Preis;Menge;Zeit;Käse"
    path.write_text(f"{header}\n1;7;12345;1.5;2;2010-12-01 08:26;ü\n", encoding="latin-1")
    form = Form(
        columns=Columns(
            invoice="Rechnung",
            sku="Artikel",
            quantity="Menge",
            time="Zeit",
            price="Preis",
            customer="Kunde",
        ),
        delimiter=";",
        encoding="latin-1",
        member_prefix="",
        currency="JPY",
        minor_digits=0,
    )
    (row,) = read(path, form)
    assert isinstance(row.what, Goods)
    assert (row.what.member_id, row.what.minor) == ("7", 3)


def test_a_quoted_field_may_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    text = '1,12345,"a ""b"", c\nd",1,2010-12-01T08:26:00,1,7,UK'
    first, second = read(file(tmp_path, text, line()), Form())
    assert isinstance(first.what, Goods)
    assert (first.number, second.number) == (3, 4)


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = file(tmp_path, line(), "", header="\ufeff" + HEADER)
    assert len(list(read(path, Form()))) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            line(at="yesterday"),
            f"FILE, line 3: InvoiceDate: expected {UNDERSTOOD}, got 'yesterday'",
        ),
        (line(at="13/1/2010 8:26"), "got '13/1/2010 8:26'"),
        (line(at="0001-01-01"), "got '0001-01-01'"),
        (line(price="2,55"), "FILE, line 3: expected 8 columns as in the header, got 9"),
        (line(price="£2"), "FILE, line 3: UnitPrice: expected a number such as 2.55, got '£2'"),
        (line(price="1e9"), "got '1e9'"),
        (line(quantity="1.5"), "FILE, line 3: Quantity: expected a whole number, got '1.5'"),
        (line(quantity="9" * 99), f"got '{'9' * 40}…'"),
        ("536365,85123A", "FILE, line 3: expected 8 columns as in the header, got 2"),
        ('536365,"85123A', "FILE, after line 2: no CSV: unexpected end of data"),
    ],
)
def test_a_line_that_is_not_understood_ends_the_reading(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in refusal(file(tmp_path, line(), text))


def test_a_bad_date_names_the_format_that_was_given(tmp_path: Path) -> None:
    said = refusal(file(tmp_path, line()), Form(date_format="%d.%m.%Y"))
    assert "expected a time such as '%d.%m.%Y', got '2010-12-01T08:26:00'" in said


def test_what_is_wrong_with_the_file_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == "FILE: No such file or directory"
    assert "Is a directory" in refusal(tmp_path)
    assert "the file is empty" in refusal(file(tmp_path, header="").parent / "orders.csv")
    said = refusal(file(tmp_path, header="InvoiceNo,Price"))
    assert "the column StockCode, Quantity, InvoiceDate, UnitPrice, CustomerID" in said
    assert "there are: InvoiceNo, Price" in said
    said = refusal(file(tmp_path, header="InvoiceNo," + HEADER))
    assert "expected the column InvoiceNo once, found it twice" in said


def test_another_encoding_is_said_with_its_line(tmp_path: Path) -> None:
    path = file(tmp_path, *[line()] * 5_000)
    path.write_bytes(path.read_bytes() + line(sku="£").encode("latin-1"))
    said = refusal(path)
    assert "FILE, line 5002: expected utf-8-sig, got other bytes" in said
    assert "--encoding latin-1" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"zone": "Europe/Nowhere"}, "time zone: there is none called 'Europe/Nowhere'"),
        ({"zone": "../etc/passwd"}, "time zone: there is none called"),
        ({"encoding": "utf-9"}, "encoding: there is none called 'utf-9'"),
        ({"encoding": "base64"}, "encoding: there is none called 'base64'"),
        ({"encoding": "undefined"}, "encoding: there is none called 'undefined'"),
        ({"goods": "["}, "goods: no regular expression"),
        ({"currency": "gbp"}, "currency: expected three capital letters"),
        ({"minor_digits": 9}, "minor digits: expected 0 to 4, got 9"),
        ({"delimiter": ",,"}, "delimiter: expected one character"),
        ({"member_prefix": "a b"}, "member prefix: expected at most 12 characters"),
        ({"order_prefix": "a" * 13}, "order prefix: expected at most 12 characters"),
    ],
)
def test_a_form_that_no_file_can_have_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ReplayError, match=says.replace("(", r"\(")):
        Form(**options)
