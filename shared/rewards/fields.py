"""The values a rewards document is made of, each with one sentence of what is expected of it."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.contract.types import INSTANT_PATTERN, MAX_POINTS, Expected, parse_instant
from shared.program.fields import EXPECTED

# Pieces of one reward; together with a price they stay far within the database's integers.
MAX_STOCK = 10**9
# A mall of more kinds than this is a shop.
MAX_REWARDS = 1_000
MAX_TIERS = 20

_INSTANT = re.compile(INSTANT_PATTERN)


def _instant(value: object) -> datetime:
    if isinstance(value, str) and _INSTANT.match(value):
        try:
            return parse_instant(value)
        except ValueError:
            pass
    phrase = "a time with a zone such as 2026-01-31T09:30:00+08:00"
    raise PydanticCustomError(EXPECTED, "{phrase}", {"phrase": phrase})


Instant = Annotated[datetime, BeforeValidator(_instant)]
Price = Annotated[int, Field(ge=1, le=MAX_POINTS), Expected(f"an integer from 1 to {MAX_POINTS}")]
Stock = Annotated[int, Field(ge=0, le=MAX_STOCK), Expected(f"an integer from 0 to {MAX_STOCK}")]
Limit = Annotated[int, Field(ge=1, le=MAX_STOCK), Expected(f"an integer from 1 to {MAX_STOCK}")]
