"""What members want of rewards, day after day: taken, thought over, given back, left lying."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from services.redeem.domain.identity import redemption_id
from shared.ledger.entries import MemberId
from tests.support.model.errands import FOLLOWING, about, request
from tests.support.model.world import Event

FATES = (
    ("bought",),
    ("asked", "confirm"),
    ("asked", "cancel"),
    ("bought", "cancel"),
    ("asked",),
    ("bought", "again"),
    ("asked", "again", "confirm", "again", "cancel"),
)
SENT = (
    ("bought", "send"),
    ("asked", "confirm", "send", "deliver"),
)
"""A parcel is told of on a topic of its own, and may come before the request for it."""


@dataclass(slots=True, kw_only=True)
class Wishes:
    """Makes up what members want; what it makes of one member is to be told in that order.

    `keys` are the idempotency keys that make the same redemptions over HTTP.
    """

    random: Random
    rewards: Sequence[str]
    keys: dict[str, str] = field(default_factory=dict)
    kept: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def of(self, member: str, day: int, at: datetime, *, sent: bool) -> list[Event]:
        """Make up a day of a member, who may first give back what they took on another."""
        told: list[Event] = []
        if self.kept[member] and self.random.random() < 0.7:
            told.append(about(FOLLOWING["cancel"], member, self.kept[member].pop(0), at))
        fates = (*FATES, *SENT) if sent else FATES
        for number in range(self.random.randint(1, 4)):
            told += self._lived(member, f"{day}-{number}", self.random.choice(fates), at)
        return told

    def _lived(self, member: str, key: str, fate: Sequence[str], at: datetime) -> list[Event]:
        name = redemption_id(MemberId(member), key)
        self.keys[name] = key
        if fate == ("bought",):
            self.kept[member].append(name)
        ask = request(
            member,
            name,
            at,
            reward=self.random.choice(self.rewards),
            quantity=self.random.randint(1, 2),
            confirm=fate[0] == "bought",
        )
        following = [
            ask if what == "again" else about(FOLLOWING[what], member, name, at)
            for what in fate[1:]
        ]
        return [ask, *following]
