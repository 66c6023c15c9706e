"""What a batch knows and what it comes to."""

from dataclasses import dataclass, field
from typing import TypeAlias

from services.notify.domain.message import Message
from shared.ledger.entries import Cause, MemberId

RedemptionKey: TypeAlias = tuple[MemberId, str]
"""A redemption's id is its member's own."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """What members were told before, and what they are told now.

    `versions` are the newest seen of each redemption, `titles` what rewards are called.
    """

    told: set[tuple[MemberId, Cause]] = field(default_factory=set)
    versions: dict[RedemptionKey, int] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    moved: set[RedemptionKey] = field(default_factory=set)

    def tell(self, message: Message) -> bool:
        """Put a message on the desk; False where the member was told of its cause before."""
        key = (message.member_id, message.cause)
        if key in self.told:
            return False
        self.told.add(key)
        self.messages.append(message)
        return True

    def see(self, key: RedemptionKey, version: int) -> bool:
        """Note a redemption's version; False where a later one was seen before."""
        seen = self.versions.get(key, 0)
        if version > seen:
            self.versions[key] = version
            self.moved.add(key)
        return version >= seen
