"""How many records make a batch: as many as a transaction's target duration allows."""

from typing import Final

START: Final = 500
SMALLEST: Final = 500
"""Below this a transaction's own cost outweighs what a shorter one frees; time-outs may go on."""

LARGEST: Final = 2_000
"""Beyond this a batch gains little and holds its locks long."""

GROWTH: Final = 1.25


class BatchSize:
    """Adapts the cap of a batch towards a duration, since a batch holds its locks that long."""

    def __init__(self, *, target_seconds: float, start: int = START) -> None:
        """Begin at `start` records."""
        self.current = start
        self._target_seconds = target_seconds

    def took(self, records: int, seconds: float) -> None:
        """Learn from a committed batch; only a full one says anything about the cap."""
        if records < self.current:
            return
        if seconds > self._target_seconds:
            smaller = int(self.current / GROWTH)
            self.current = max(min(SMALLEST, self.current), smaller)
        elif seconds < self._target_seconds / GROWTH:
            self.current = min(LARGEST, int(self.current * GROWTH) + 1)

    def timed_out(self) -> None:
        """Halve the cap: a smaller batch may make it."""
        self.current = max(1, self.current // 2)
