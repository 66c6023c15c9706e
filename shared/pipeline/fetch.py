"""When the broker answers a fetch: few large answers cost everybody less than many small ones."""

from typing import Final, NamedTuple


class Fetch(NamedTuple):
    """The broker answers when it has so much, or after so long with what it has."""

    bytes: int
    wait_ms: int


PROMPT: Final = Fetch(64 * 1024, 100)
"""For points. Answered at the first record, fetches of a few records each take the broker and this
process more than the records do, and a batch gets only those that came with the first."""

UNHURRIED: Final = Fetch(512 * 1024, 500)
"""For messages, which nobody waits for: fewer batches, each with its transaction and its fsync."""
