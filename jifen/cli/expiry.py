"""`jifen expiry run | status`: what goes when its date is over, and who is told before."""

from datetime import date
from typing import Annotated

import typer
from pydantic import BaseModel

from jifen.cli import context, tables
from jifen.cli.asking import asking
from shared.expiry import forecast
from shared.expiry.forecast import Forecast, Status, Sum


class _Run(BaseModel):
    """What the service answers."""

    run_id: int
    as_of: date


def register(app: typer.Typer) -> None:
    """Add the commands."""
    expiry = typer.Typer(
        help="Expiry: the sweep of what is past its date, and reminders before it.",
        no_args_is_help=True,
    )
    expiry.command("run")(_run)
    expiry.command("status")(_status)
    app.add_typer(expiry, name="expiry")


def _run(
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="For this day, YYYY-MM-DD; today, if not given."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go and who would be told; any day.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: print one JSON object.")
    ] = False,
    url: Annotated[
        str | None, typer.Option("--url", help="Where expiry listens, if not in the stack.")
    ] = None,
) -> None:
    """Look through all lots past their date again and sweep what is found: no harm is in it.

    The service sweeps each day by itself; this is for after a repair. A day that has not come is
    refused, except to be looked at.
    """
    if as_json and not dry_run:
        raise typer.BadParameter("expected --dry-run with it", param_hint="--json")
    day = None if as_of is None else _day(as_of)
    if dry_run:
        _show(context.on_database(forecast.forecast, day), as_json=as_json)
        return
    run = context.run(_request(day, url))
    tables.say(f"Run {run.run_id}, as of {run.as_of}, has begun: see `jifen expiry status`.")


def _status(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Say how far the sweep and the reminders are, and what is past its date and still there."""
    status = context.on_database(forecast.read_status)
    if as_json:
        tables.say_json(_status_json(status))
        return
    tables.say_fields(_status_fields(status))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"expected a date, as in 2026-01-31, got {text!r}", param_hint="--as-of"
        ) from None


async def _request(as_of: date | None, url: str | None) -> _Run:
    async with asking("expiry", url) as expiry:
        return await expiry.post(_Run, "/v1/expiry/runs", {"as_of": as_of} if as_of else {})


def _show(found: Forecast, *, as_json: bool) -> None:
    if as_json:
        tables.say_json(
            {
                "as_of": str(found.as_of),
                "due": {str(day): one._asdict() for day, one in found.due.items()},
                "reminders": {str(stage): one._asdict() for stage, one in found.reminders.items()},
                "skipped": {str(stage): one._asdict() for stage, one in found.missed.items()},
            }
        )
        return
    total = _total(found.due)
    tables.say(
        f"As of {found.as_of} (today is {found.today}): {total.points:,} points of"
        f" {total.members:,} lots are past their date."
    )
    if found.due:
        header = ("EXPIRED ON", "MEMBERS", "POINTS")
        tables.say_table(header, [(str(day), *_cells(one)) for day, one in found.due.items()])
    stages = [
        (f"{stage} days before", *_cells(one), f"{found.missed[stage].members:,}")
        for stage, one in found.reminders.items()
    ]
    tables.say_table(("REMINDER", "MEMBERS", "POINTS", "SKIPPED"), stages)


def _status_fields(status: Status) -> list[tuple[str, str]]:
    total = _total(status.due)
    oldest = f", the oldest of {next(iter(status.due))}" if status.due else ""
    fields = [
        ("today", str(status.today)),
        ("leader", "there is one" if status.has_leader else "NONE: is expiry running?"),
        ("sweep", f"to {status.sweep_to or 'no date yet'}, {status.open_parts} of 64 parts open"),
        ("overdue", f"{total.points:,} points in {total.members:,} lots{oldest}"),
        ("reminders", f"planned through {status.planned_through or 'no day yet'}"),
        ("skipped", f"{status.skipped:,} reminders, because of downtimes"),
    ]
    for run in status.runs:
        end = tables.instant(run.finished_at)
        said = f"as of {run.as_of} by {run.requested_by}, {tables.instant(run.requested_at)}"
        fields.append(
            (f"run {run.run_id}", f"{said}, {f'finished {end}' if end else 'UNFINISHED'}")
        )
    return fields


def _status_json(status: Status) -> dict[str, object]:
    return {
        "today": str(status.today),
        "has_leader": status.has_leader,
        "open_parts": status.open_parts,
        "sweep_to": status.sweep_to and str(status.sweep_to),
        "overdue": {str(day): one._asdict() for day, one in status.due.items()},
        "planned_through": status.planned_through and str(status.planned_through),
        "skipped": status.skipped,
        "runs": [run._asdict() for run in status.runs],
    }


def _total(sums: dict[date, Sum]) -> Sum:
    members = sum([one.members for one in sums.values()])
    return Sum(members, sum([one.points for one in sums.values()]))


def _cells(one: Sum) -> tuple[str, str]:
    return (f"{one.members:,}", f"{one.points:,}")
