"""Ids of redemptions that are asked for over HTTP: the same key makes the same redemption."""

from typing import Final
from uuid import UUID, uuid5

from shared.ledger.entries import MemberId

# Never to be changed: a key that was used once must name its redemption for ever.
_NAMESPACE: Final = UUID("6f0f8d0e-2d4b-5f7c-9a35-1c6f1c0d9b57")


def redemption_id(member_id: MemberId, idempotency_key: str) -> str:
    """Name the redemption that a member's request with this key is about.

    A member id holds no line break, so that no two pairs of member and key read the same.
    """
    return str(uuid5(_NAMESPACE, f"{member_id}\n{idempotency_key}"))
