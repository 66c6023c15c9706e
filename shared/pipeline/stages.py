"""How long each stage of a batch takes."""

from shared.platform.clock import monotonic


class Stages:
    """A stopwatch with named laps, in seconds."""

    def __init__(self) -> None:
        """Start."""
        self.started = self._last = monotonic()
        self.laps: dict[str, float] = {}

    def mark(self, stage: str) -> None:
        """End the stage that began at the mark before."""
        now = monotonic()
        self.laps[stage] = self.laps.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def total_seconds(self) -> float:
        """Seconds from the start to the last mark."""
        return self._last - self.started
