"""How the demonstration looks on a terminal, and in a file."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from jifen.client.mall import Account, Entry
from jifen.demo.proof import Agreement
from jifen.demo.words import why

# Of a long ledger the first and last entries; whoever wants all of them asks the mall.
_FIRST_ENTRIES, _LAST_ENTRIES = 10, 20


class Page:
    """Prints titles, sentences and tables."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def title(self, text: str) -> None:
        """Begin a part."""
        self._console.print()
        self._console.print(text, style="bold", markup=False, highlight=False)

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._console.print(f"  {text}", markup=False, highlight=False)

    def ledger(self, entries: Sequence[Entry]) -> None:
        """Print a member's entries, oldest first."""
        table = Table(box=SIMPLE)
        for name in ("#", "points", "balance"):
            table.add_column(name, justify="right")
        table.add_column("why")
        hidden = len(entries) - _FIRST_ENTRIES - _LAST_ENTRIES
        first = entries if hidden <= 0 else entries[:_FIRST_ENTRIES]
        last = () if hidden <= 0 else entries[-_LAST_ENTRIES:]
        for entry in first:
            table.add_row(*_cells(entry))
        if last:
            table.add_row("", "", "", f"… {hidden:,} more …")
        for entry in last:
            table.add_row(*_cells(entry))
        self._console.print(table)

    def account(self, account: Account) -> None:
        """Print what a member has."""
        debt = f", owes {account.debt:,}" if account.debt else ""
        self.say(f"Balance {account.balance:,}{debt}.")
        for lot in account.expiring:
            until = "for ever" if lot.expires_on is None else f"until {lot.expires_on}"
            self.say(f"{lot.points:,} of it can be spent {until}.")

    def agreements(self, agreements: Sequence[Agreement]) -> None:
        """Print what was compared, and whether it agrees."""
        table = Table(box=SIMPLE)
        table.add_column("what")
        table.add_column("one way", justify="right")
        table.add_column("another", justify="right")
        table.add_column("")
        table.add_column("ways")
        for one in agreements:
            verdict = "agrees" if one.holds else "DIFFERS"
            table.add_row(one.name, f"{one.expected:,}", f"{one.found:,}", verdict, one.ways)
        self._console.print(table)


def _cells(entry: Entry) -> tuple[str, str, str, str]:
    return str(entry.seq), f"{entry.points:+,}", f"{entry.balance:,}", why(entry)
