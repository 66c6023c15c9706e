"""Order-lines files of a test's own, and what comes of them."""

from pathlib import Path

from jifen.demo.conversion import Conversion
from jifen.demo.form import Form
from jifen.demo.survey import survey

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def line(
    invoice: str = "536365",
    sku: str = "85123A",
    *,
    quantity: str = "6",
    at: str = "2010-12-01T08:26:00",
    price: str = "2.55",
    customer: str = "17850",
) -> str:
    """Write one line, as the Online Retail file does."""
    return f"{invoice},{sku},,{quantity},{at},{price},{customer},United Kingdom"


def file(folder: Path, *lines: str, header: str = HEADER) -> Path:
    """Write a file."""
    path = folder / "orders.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def convert(path: Path, form: Form | None = None, shift_days: int = 0) -> Conversion:
    """Survey a file and prepare its conversion."""
    form = form or Form()
    return Conversion(path, form, survey(path, form), shift_days=shift_days)
