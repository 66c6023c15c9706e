"""`jifen orders replay`: a file of order lines, told through Kafka."""

from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.context import endpoints, messages, output, run
from jifen.demo.form import Columns, Form
from jifen.demo.meter import Meter
from jifen.demo.replay import plan, replay
from jifen.demo.report import print_summary
from jifen.demo.tell import quiet_driver
from jifen.demo.telling import Place, check
from jifen.stack.settings import StackSettings

_UCI, _COLUMNS = Form(), Columns()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Orders from files.", no_args_is_help=True)
    group.command("replay")(_replay)
    # A group of one command would otherwise become that command.
    group.callback()(_group)
    app.add_typer(group, name="orders")


def _group() -> None:
    """Orders from files."""


def _column(named: str) -> typer.models.OptionInfo:
    """Make the option that names the column of something."""
    option: typer.models.OptionInfo = typer.Option(
        help=f"Column of {named}.", rich_help_panel="Columns"
    )
    return option


def _replay(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Order lines, a header first.")],
    *,
    invoice: Annotated[str, _column("the invoice's number")] = _COLUMNS.invoice,
    sku: Annotated[str, _column("the stock code")] = _COLUMNS.sku,
    quantity: Annotated[str, _column("the quantity")] = _COLUMNS.quantity,
    time: Annotated[str, _column("the date and time")] = _COLUMNS.time,
    price: Annotated[str, _column("the price of one")] = _COLUMNS.price,
    customer: Annotated[str, _column("the customer")] = _COLUMNS.customer,
    date_format: Annotated[
        str | None,
        typer.Option(
            help="strptime's, as in '%d.%m.%Y %H:%M'. Without it: ISO 8601 or month/day/year."
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="As in latin-1.")] = _UCI.encoding,
    delimiter: Annotated[str, typer.Option(help="One character; `tab` for a tab.")] = ",",
    zone: Annotated[str, typer.Option(help="Where the shop's clocks are.")] = _UCI.zone,
    currency: Annotated[str, typer.Option(help="Of all prices.")] = _UCI.currency,
    minor_digits: Annotated[
        int, typer.Option(help="Decimals of the currency: 2 for GBP, 0 for JPY.")
    ] = _UCI.minor_digits,
    goods: Annotated[
        str, typer.Option(help="Regular expression of the stock codes that are goods.")
    ] = _UCI.goods,
    return_prefix: Annotated[
        str, typer.Option(help="How numbers of returns begin; empty for a file without.")
    ] = _UCI.return_prefix,
    member_prefix: Annotated[
        str, typer.Option(help="Before each customer, so that shops don't mix.")
    ] = _UCI.member_prefix,
    order_prefix: Annotated[
        str, typer.Option(help="Before each invoice, for the same reason.")
    ] = _UCI.order_prefix,
    shift_to_now: Annotated[
        bool,
        typer.Option(
            "--shift-to-now",
            help="Move all dates by as many days as bring the last to yesterday; remembered, so "
            "that the same file is told the same way ever after.",
        ),
    ] = False,
) -> None:
    """Tell a CSV's orders and returns through Kafka, and say what became of them.

    One line of the file is one line of an order; lines of one invoice are one order. Money is
    quantity x price, rounded half up to minor units, once per line. Skipped, and counted: lines
    without a customer, whose stock code is no goods, without a quantity or a price above zero.
    A return gives back items of the member's latest order that has so many left; what no order
    has is reported. Defaults are those of the UCI "Online Retail" file. Told twice, a file
    changes nothing; a return that is in two files is to find the same orders in both, else it
    takes twice.
    """
    form = Form(
        columns=Columns(
            invoice=invoice, sku=sku, quantity=quantity, time=time, price=price, customer=customer
        ),
        date_format=date_format,
        encoding=encoding,
        delimiter="\t" if delimiter == "tab" else delimiter,
        zone=zone,
        currency=currency,
        minor_digits=minor_digits,
        goods=goods,
        return_prefix=return_prefix,
        member_prefix=member_prefix,
        order_prefix=order_prefix,
    )
    quiet_driver()
    where = endpoints()
    home = StackSettings().home
    meter = Meter(messages)
    planned = plan(file, form, home, meter, shift_to_now=shift_to_now)
    place = Place(kafka_bootstrap=where.kafka_bootstrap, database_url=where.database_url, home=home)
    summary = run(replay(planned, place, meter))
    print_summary(summary, output)
    check(summary.telling)
