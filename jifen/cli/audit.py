"""`jifen audit verify`: recompute the whole ledger, and say what does not add up."""

import json
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from jifen.cli.context import endpoints, messages, output, run
from shared.ledger.audit import MAX_FINDINGS, SESSION, Audit, Finding, estimate_entries, verify
from shared.platform import postgres
from shared.platform.clock import monotonic
from shared.platform.settings import DatabaseSettings

# A page takes a fraction of a second; a member with a million entries is a page of their own.
_PAGE_SECONDS = 120
# Without a terminal one line says where it is, this often.
_LINE_SECONDS = 10.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    audit = typer.Typer(name="audit", help="The ledger, recomputed.", no_args_is_help=True)
    audit.command("verify")(_verify)
    audit.callback()(lambda: None)
    app.add_typer(audit)


def _verify(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    pace: Annotated[
        int | None,
        typer.Option("--pace", min=1, help="At most so many entries a second, beside traffic."),
    ] = None,
) -> None:
    """Recompute every balance, lot and hash chain; exit 1 if anything is wrong."""
    url = endpoints().database_url
    began = monotonic()
    audit = run(_audit(url, pace))
    seconds = monotonic() - began
    if as_json:
        output.out(json.dumps(_as_json(audit, seconds)), highlight=False)
    else:
        _print(audit, seconds)
    if audit.wrong:
        raise typer.Exit(1)


async def _audit(url: str, pace: int | None) -> Audit:
    settings = DatabaseSettings(
        url=SecretStr(url),
        statement_timeout_ms=_PAGE_SECONDS * 1000,
        transaction_timeout_ms=_PAGE_SECONDS * 1000,
        command_timeout_seconds=_PAGE_SECONDS,
    )

    async def connect() -> postgres.Connection:
        return await postgres.connect(
            settings, application_name="jifen audit", server_settings=SESSION
        )

    connection = await connect()
    try:
        about = await estimate_entries(connection)
    finally:
        await postgres.close(connection)
    if not messages.is_terminal:
        return await verify(connect, pace=pace, told=_Lines(about))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
    ) as progress:
        task = progress.add_task("entries", total=about)

        def show(audit: Audit) -> None:
            progress.update(task, completed=audit.entries)

        return await verify(connect, pace=pace, told=show)


class _Lines:
    """Says how far it is, now and then, where there is no terminal."""

    def __init__(self, about: int | None) -> None:
        self._of = f" of about {about:,}" if about else ""
        self._next = monotonic() + _LINE_SECONDS

    def __call__(self, audit: Audit) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + _LINE_SECONDS
            messages.print(f"{audit.entries:,}{self._of} entries", highlight=False)


def _as_json(audit: Audit, seconds: float) -> dict[str, object]:
    return {
        "clean": not audit.wrong,
        "members": audit.members,
        "entries": audit.entries,
        "wrong_members": audit.wrong,
        "seconds": round(seconds, 3),
        "entries_per_second": round(audit.entries / seconds),
        "findings": [finding._asdict() for finding in audit.findings],
    }


def _print(audit: Audit, seconds: float) -> None:
    for finding in audit.findings:
        output.out(_sentence(finding), highlight=False)
    if audit.wrong > MAX_FINDINGS:
        output.out(f"… and {audit.wrong - MAX_FINDINGS:,} more members", highlight=False)
    wrong = "1 member is wrong" if audit.wrong == 1 else f"{audit.wrong:,} members are wrong"
    verdict = wrong if audit.wrong else "everything agrees"
    output.out(
        f"{audit.entries:,} entries of {audit.members:,} members in {seconds:.1f} s"
        f" ({audit.entries / seconds:,.0f}/s): {verdict}",
        highlight=False,
    )


def _sentence(finding: Finding) -> str:
    where = f"entry {finding.seq}: " if finding.seq else ""
    return (
        f"{finding.member_id}: {where}{finding.problem}:"
        f" expected {finding.expected}, found {finding.found}"
    )
