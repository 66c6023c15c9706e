"""What becomes of a delivery after an attempt, and how many are made at once. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeAlias

# What a 4xx means: never with this message, except for these, which time may mend (RFC 9110, 6585).
_MENDED_BY_TIME: Final = frozenset({408, 425, 429})
_MOST_DOUBLINGS: Final = 30


class Answer(NamedTuple):
    """What an attempt met: a status, or the word for why there is none; how long to stay away."""

    status: int | None = None
    problem: str | None = None
    retry_after_seconds: float | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has the message."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_refused(self) -> bool:
        """Whether the receiver will never take it."""
        status = self.status or 0
        return 400 <= status < 500 and status not in _MENDED_BY_TIME  # noqa: PLR2004

    @property
    def kind(self) -> str:
        """The answer as metrics have it: the class of its status, or why there is none."""
        return f"{self.status // 100}xx" if self.status is not None else self.word

    @property
    def word(self) -> str:
        """The answer in one word, as `notification.failed.v1` has it."""
        return f"http-{self.status}" if self.status is not None else self.problem or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message is tried: delays double from the first to the cap."""

    attempts: int = 16
    first_seconds: float = 5.0
    cap_seconds: float = 4 * 3600.0
    # A receiver may ask us to stay away for so long at most.
    longest_wait_seconds: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it."""


@dataclass(frozen=True, slots=True)
class Later:
    """It is tried again in so many seconds."""

    seconds: float
    problem: str


@dataclass(frozen=True, slots=True)
class Dead:
    """It is given up."""

    problem: str


Fate: TypeAlias = Sent | Later | Dead


def fate_of(answer: Answer, attempts: int, patience: Patience, *, chance: float) -> Fate:
    """Say what follows from the answer to the n-th attempt; `chance` is random, from 0 to 1.

    The n-th delay is from the upper half of its doubling, as in `shared/platform/backoff.py`, and
    no shorter than the receiver asks for.
    """
    if answer.is_taken:
        return Sent()
    if answer.is_refused or attempts >= patience.attempts:
        return Dead(answer.word)
    doublings = min(attempts - 1, _MOST_DOUBLINGS)
    ceiling = min(patience.cap_seconds, patience.first_seconds * 2**doublings)
    asked = min(answer.retry_after_seconds or 0.0, patience.longest_wait_seconds)
    return Later(max(ceiling * (1 + chance) / 2, asked), answer.word)


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After, seconds or a date (RFC 9110, 10.2.3); None for what is neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


class Slots:
    """How many attempts may be under way: half as many after each failure, twice after a success.

    A refused message says nothing about the endpoint: it answered.
    """

    def __init__(self, most: int) -> None:
        """Begin with all."""
        self._most = self.open = most

    def answered(self, answer: Answer) -> None:
        """Learn from an answer."""
        if answer.is_taken or answer.is_refused:
            self.open = min(self._most, self.open * 2)
        else:
            self.open = max(1, self.open // 2)
