"""Delays between attempts: exponential, capped and jittered."""

from collections.abc import Callable
from random import SystemRandom

# Enough doublings to reach any cap, few enough that 2 ** attempts stays a small number.
_MAX_DOUBLINGS = 30
_UNIFORM = SystemRandom().uniform


class Backoff:
    """The delays of one loop that retries for ever; `reset` it after each success.

    The n-th delay is drawn from the upper half of min(cap, first * 2 ** n): never near zero, so
    that a loop can't spin, and never the same for two processes that failed together.
    """

    def __init__(
        self,
        *,
        first_seconds: float = 0.1,
        cap_seconds: float = 10.0,
        uniform: Callable[[float, float], float] = _UNIFORM,
    ) -> None:
        if not 0 < first_seconds <= cap_seconds:
            raise ValueError(f"needs 0 < first <= cap, has {first_seconds} and {cap_seconds}")
        self._first_seconds = first_seconds
        self._cap_seconds = cap_seconds
        self._uniform = uniform
        self._attempts = 0

    @property
    def attempts(self) -> int:
        """How many delays were given since the last success."""
        return self._attempts

    def next_seconds(self) -> float:
        """Return the next delay in seconds."""
        doublings = min(self._attempts, _MAX_DOUBLINGS)
        self._attempts += 1
        ceiling = min(self._cap_seconds, self._first_seconds * 2**doublings)
        return self._uniform(ceiling / 2, ceiling)

    def reset(self) -> None:
        """Begin again with the first delay."""
        self._attempts = 0
