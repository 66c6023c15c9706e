"""Rests between small pieces of work: who takes the next at once does them one by one.

On a machine with work for all cores, each process that never rests takes the share of one that has
much to do, spends it on the fixed price of many small pieces, and keeps the others waiting.
"""

from typing import Final

MOST_SECONDS: Final = 0.1
"""What came first waits so long at most for what comes with it."""


def rest_after(seconds: float) -> float:
    """Return how many seconds to rest after a small piece of work: as long as it took.

    While cores are idle that is a few milliseconds; when they are busy, half of the time, so that
    the next piece is twice as large.
    """
    return min(seconds, MOST_SECONDS)
