"""Rewards: what a merchant gives for points, as one document that says nothing twice.

A further kind of reward is a further model with its own `kind`, joined to `Reward`: documents that
were applied before keep their meaning.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.contract.types import Code, Id, LongText
from shared.program.fields import EXPECTED, Version
from shared.rewards.fields import MAX_REWARDS, MAX_TIERS, Instant, Limit, Price, Stock


class Part(BaseModel):
    """A part of the document: immutable, with no keys but its own and no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Window(Part):
    """When a reward may be asked for: from a moment on, and before another; either may be open."""

    from_: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None

    @field_validator("until")
    @classmethod
    def _after_the_beginning(cls, until: Instant | None, info: ValidationInfo) -> Instant | None:
        begin = info.data.get("from_")
        if until is not None and begin is not None and until <= begin:
            phrase = f"a time after {begin.isoformat()}"
            raise PydanticCustomError(EXPECTED, "{phrase}", {"phrase": phrase})
        return until


class Offer(Part):
    """What every reward has, whatever its kind.

    `points` is the price of one piece; `stock` counts all pieces there ever were, those reserved
    and sold included. A limit that is left out does not limit; no tiers: for every member.
    """

    id: Id
    title: LongText
    points: Price
    stock: Stock
    daily_limit: Limit | None = None
    monthly_limit: Limit | None = None
    on_sale: Window = Window()
    tiers: Annotated[tuple[Code, ...], Field(max_length=MAX_TIERS)] = ()


class Goods(Offer):
    """A thing that is sent to the member."""

    kind: Literal["goods"]


Reward: TypeAlias = Goods
"""Any kind of reward, told apart by `kind`."""


class Rewards(Part):
    """All rewards of a merchant, in the order in which they are shown."""

    version: Version
    rewards: Annotated[tuple[Reward, ...], Field(max_length=MAX_REWARDS)]
