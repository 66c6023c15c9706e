"""What all wire models share: frozen, strict about types, deaf to unknown fields."""

from datetime import datetime
from typing import ClassVar, Final, Protocol

from pydantic import BaseModel, ConfigDict

from shared.contract.types import Id

PART: Final = ConfigDict(strict=True, extra="ignore")
"""How a part is read that has no type of its own, such as a line of an order.

Parts are pydantic's dataclasses, frozen and with slots: there are several in an event, and a model
has a dictionary and a set beside its fields, 500 bytes that a batch carries through the caches.
"""


class Fingerprinted(Protocol):
    """An event or a part of one; the fields are those that two tellings must agree on."""

    fingerprint_fields: ClassVar[tuple[str, ...]]


class Wire(BaseModel):
    """The data of one event type. A published type never changes: a breaking change is a new type.

    `fingerprint_fields` are what two tellings of the same thing must agree on: the business
    fields, never ids or times of the telling. `time_field` names when it happened.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    fingerprint_fields: ClassVar[tuple[str, ...]] = ()
    type_name: ClassVar[str]
    topic: ClassVar[str]
    time_field: ClassVar[str]

    member_id: Id

    @property
    def occurred_at(self) -> datetime:
        """When it happened in the world, in UTC."""
        moment: datetime = getattr(self, self.time_field)
        return moment
