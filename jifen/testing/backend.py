"""What a stack asks of whatever runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.platform.auth.principal import Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """Where the parts of a running system are, as this machine reaches them."""

    bootstrap: str
    database_url: str  # the owner's
    urls: Mapping[str, str]
    sign: Callable[[Principal, int], str]  # a principal's token, good for so many seconds


class Backend(Protocol):
    """Runs one system."""

    async def start(self) -> Running:
        """Bring all of it up, and return when it is ready; raises StackError, and then none is."""
        ...

    async def stop(self) -> None:
        """End it, and remove all it holds."""
        ...

    def processes(self) -> list[str]:
        """Name what has a log: kafka, postgres, and each service."""
        ...

    def logs(self, process: str, lines: int) -> str:
        """Return the last lines of a log."""
        ...
