"""Telling the person at the terminal what is being done, and how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from shared.platform.clock import monotonic

if TYPE_CHECKING:
    from rich.status import Status


class Step(Protocol):
    """Work in progress."""

    def __call__(self, detail: str) -> None:
        """Say how far it is."""


class Progress:
    """A spinner on a terminal; a line when a step ends, everywhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._open: dict[str, str] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show a step while it runs; steps may overlap."""
        began = monotonic()
        self._show(name, "")
        try:
            yield lambda detail: self._show(name, detail)
        finally:
            self._open.pop(name, None)
            self._refresh()
        self._console.print(f"{name} ({monotonic() - began:.1f} s)", highlight=False)

    def _show(self, name: str, detail: str) -> None:
        self._open[name] = f"{name} {detail}".rstrip()
        self._refresh()

    def _refresh(self) -> None:
        if not self._console.is_terminal:
            return
        if not self._open and self._status is not None:
            self._status.stop()
            self._status = None
        elif self._open and self._status is None:
            self._status = self._console.status("; ".join(self._open.values()))
            self._status.start()
        elif self._status is not None:
            self._status.update("; ".join(self._open.values()))
