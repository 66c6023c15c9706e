"""The values a program is made of, each with one sentence of what is expected of it."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.contract.types import MAX_POINTS, Expected, exactly_an_integer
from shared.program.currencies import CURRENCIES

# A rate's denominator: generous for any currency.
MAX_PER_MINOR = 10**9
# A ladder longer than a year of days is a mistake.
MAX_LADDER = 366

# Of three letters all must be right, of seven one may be wrong.
_NEAR = 0.75

# The type of every error that says in its own words what was expected.
EXPECTED = "expected"


def suggestion(value: object, known: Iterable[str]) -> str:
    """Name the nearest known word, as the end of a sentence; nothing where none is near."""
    by_folded = {word.casefold(): word for word in known}
    near = get_close_matches(str(value)[:64].casefold(), by_folded, n=1, cutoff=_NEAR)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """List the IANA zones, from the tzdata package: the same on every machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


class OneOf:
    """Accepts the words of a list; for another it names the nearest."""

    def __init__(self, phrase: str, words: Callable[[], frozenset[str]]) -> None:
        self.phrase = phrase
        self.words = words

    def __call__(self, value: object) -> object:
        """Accept a listed word, refuse anything else."""
        if isinstance(value, str) and value in self.words():
            return value
        hint = suggestion(value, self.words())
        raise PydanticCustomError(EXPECTED, "{phrase}", {"phrase": self.phrase, "hint": hint})


def _whole(low: int, high: int) -> Expected:
    return Expected(f"an integer from {low} to {high}")


Points = Annotated[int, Field(ge=0, le=MAX_POINTS), _whole(0, MAX_POINTS)]
PerMinor = Annotated[int, Field(ge=1, le=MAX_PER_MINOR), _whole(1, MAX_PER_MINOR)]
Version = Annotated[Literal[1], BeforeValidator(exactly_an_integer), Expected("1")]
Month = Annotated[int, Field(ge=1, le=12), _whole(1, 12)]
DayOfMonth = Annotated[int, Field(ge=1, le=31), _whole(1, 31)]
# Bounds that keep every expiry date far below the year 9999, where dates end.
Days = Annotated[int, Field(ge=0, le=3650), _whole(0, 3650)]
Months = Annotated[int, Field(ge=1, le=1200), _whole(1, 1200)]
Years = Annotated[int, Field(ge=1, le=100), _whole(1, 100)]
Zone = Annotated[
    str, BeforeValidator(OneOf("an IANA time zone such as 'Asia/Shanghai'", zone_names))
]
Currency = Annotated[
    str, BeforeValidator(OneOf("an ISO 4217 currency such as 'CNY'", lambda: CURRENCIES))
]
Ladder = Annotated[tuple[Points, ...], Field(max_length=MAX_LADDER)]
