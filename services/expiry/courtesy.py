"""How long to rest between pages: the sweep is in no hurry, since nobody can spend what is due."""

import math
from typing import Final

SLACK: Final = 1.25
"""Pages of equal size differ by so much on a machine that does nothing else."""

_FORGET: Final = 1.001


class Courtesy:
    """Rests as long as others made a page take, and not at all where there is nobody else.

    What a lot takes at best is learnt from the pages themselves, and slowly forgotten.
    """

    def __init__(self) -> None:
        """Begin with no page seen."""
        self._best = math.inf

    def rest(self, lots: int, seconds: float) -> float:
        """Say how long to rest after a page of so many lots; never longer than it took."""
        self._best = min(self._best * _FORGET, seconds / lots)
        return max(0.0, seconds - SLACK * self._best * lots)
