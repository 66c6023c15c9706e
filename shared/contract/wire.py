"""What all wire models share: frozen, strict about types, deaf to unknown fields."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar, Unpack, cast, overload

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo
from typing_extensions import dataclass_transform

from shared.contract.types import Id

T = TypeVar("T")


@overload
def wire(cls: type[T]) -> type[T]: ...
@overload
def wire(**config: Unpack[ConfigDict]) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def wire(
    cls: type[T] | None = None, **config: Unpack[ConfigDict]
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a wire model, or a part of one; `config` is what differs from the others.

    Pydantic's dataclasses with slots: a model keeps a dictionary and a set beside its fields, a
    kilobyte and a half per order of two lines, and a batch carries them through the caches.
    """

    def made(plain: type[T]) -> type[T]:
        strict = ConfigDict(strict=True, extra="ignore", **config)
        model = dataclass(plain, frozen=True, slots=True, kw_only=True, config=strict)
        return cast("type[T]", model)

    return made if cls is None else made(cls)


def fields_of(model: type) -> Mapping[str, FieldInfo]:
    """Return pydantic's description of each field of a wire model."""
    fields: Mapping[str, FieldInfo] = cast("Any", model).__pydantic_fields__
    return fields


class Fingerprinted(Protocol):
    """An event or a part of one; the fields are those that two tellings must agree on."""

    fingerprint_fields: ClassVar[tuple[str, ...]]


@wire
class Wire:
    """The data of one event type. A published type never changes: a breaking change is a new type.

    `fingerprint_fields` are what two tellings of the same thing must agree on: the business
    fields, never ids or times of the telling. `time_field` names when it happened.
    """

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
