"""The table at the end of a run."""

import platform
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

_CONSOLE = Console(width=100, soft_wrap=True)


def per_second(label: str, runs: Sequence[float], base: float | None = None) -> str:
    """Spell the median of several runs and its spread, and its ratio to ours."""
    middle = median(runs)
    ratio = "" if base is None else f"   ours is {base / middle:.2f} x"
    return f"{label:<28} {middle:>10,.0f}/s  ({min(runs):,.0f} to {max(runs):,.0f}){ratio}"


def say(*lines: str) -> None:
    for line in lines:
        _CONSOLE.print(line, highlight=False, markup=False)


def interpreter() -> str:
    """Name the interpreter: one built without profile-guided optimization takes a fifth longer."""
    return f"Python {platform.python_version()} of {sys.base_prefix}"


def cpu_table(title: str, microseconds: Mapping[str, float]) -> None:
    table = Table("part", "CPU us per event", title=title, title_justify="left")
    for name, value in microseconds.items():
        table.add_row(name, f"{value:.1f}")
    table.add_row("all", f"{sum(microseconds.values()):.1f}")
    _CONSOLE.print(table)
