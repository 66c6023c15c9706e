"""What is wrong with a document, all of it at once, in words its author understands."""

from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend: where (dotted path, line of the document from 1) and what."""

    path: str
    message: str
    line: int | None = None

    @override
    def __str__(self) -> str:
        text = f"{self.path}: {self.message}" if self.path else self.message
        return text if self.line is None else f"{text} (line {self.line})"


class DocumentError(ValueError):
    """A document is not what it should be; `faults` are for its author, nothing is applied."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ProgramError(DocumentError):
    """A document is no program."""
