"""A message to a member, in no language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from shared.contract.types import Code
from shared.ledger.entries import Cause, MemberId

_NOTIFICATIONS: Final = UUID("6ad5b7a9-3cf1-4f5e-9d6e-0f4c6c6ab8a1")
"""The namespace of notification ids; another one would tell receivers everything anew."""


class Message(NamedTuple):
    """What a member is told because of a cause; `outside`: beside the inbox, too."""

    member_id: MemberId
    cause: Cause
    template: Code
    data: Mapping[str, object]
    created_at: datetime
    outside: bool = True
    traceparent: str | None = None


def notification_id(member_id: str, cause: str) -> str:
    """Return the id of a member's message: the same whenever and however often it is told."""
    return str(uuid5(_NOTIFICATIONS, f"{member_id}/{cause}"))
