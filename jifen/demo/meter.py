"""Showing how far long work is: a bar on a terminal, a line now and then everywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.platform.clock import monotonic

_LINE_EVERY_SECONDS = 5.0


class SaysDone(Protocol):
    """Takes how much of the work is done."""

    def __call__(self, done: int) -> None:
        """Show it."""


class Meter:
    """Shows work on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def measure(self, name: str, total: int | None) -> Iterator[SaysDone]:
        """Show work of so many steps while it runs."""
        shown = self._bar(name, total) if self._console.is_terminal else self._lines(name, total)
        with shown as say:
            yield say

    @contextmanager
    def _bar(self, name: str, total: int | None) -> Iterator[SaysDone]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self._console) as progress:
            task = progress.add_task(name, total=total)

            def say(done: int) -> None:
                progress.update(task, completed=done)

            yield say

    @contextmanager
    def _lines(self, name: str, total: int | None) -> Iterator[SaysDone]:
        said_at = monotonic()
        of_all = "" if total is None else f" of {total:,}"

        def say(done: int) -> None:
            nonlocal said_at
            if monotonic() - said_at >= _LINE_EVERY_SECONDS:
                said_at = monotonic()
                self._console.print(f"{name}: {done:,}{of_all}", highlight=False)

        yield say
