"""Made-up errands of members who want rewards: plausible, confused, repeated, out of order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.support.model.world import Event

WITHIN = 12
"""Members come back to one of so many latest redemptions."""


FOLLOWING = {
    "confirm": "redemption.confirmed.v1",
    "cancel": "redemption.cancelled.v1",
    "send": "shipment.sent.v1",
    "deliver": "shipment.delivered.v1",
}


@dataclass(slots=True, kw_only=True)
class Errands:
    """Makes up one command after the other; ids carry the name, so that errands don't meet."""

    random: Random
    members: list[str]
    rewards: list[str]
    name: str = "r"
    told: list[Event] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # member, redemption

    def next(self, now: datetime) -> Event:
        kind = self.random.choices(
            ("ask", "confirm", "cancel", "send", "deliver", "early", "again", "otherwise"),
            weights=(30, 16, 12, 9, 7, 4, 8, 2),
        )[0]
        if not self.asked and kind != "early":
            kind = "ask"
        event = self._make(kind, now)
        self.told.append(event)
        return event

    def _make(self, kind: str, now: datetime) -> Event:
        match kind:
            case "ask":
                self.asked.append((self.random.choice(self.members), self._new_id()))
                return self._ask(*self.asked[-1], now)
            case "early":
                return self._early(now)
            case "again":
                return self.random.choice(self.told[-WITHIN:])
            case "otherwise":
                member, redemption = self._known()
                return self._ask(member, redemption, now)
            case _:
                return about(FOLLOWING[kind], *self._known(), now)

    def _early(self, now: datetime) -> Event:
        """Tell what follows from a request before the request, which may or may not come."""
        member, redemption = self.random.choice(self.members), self._new_id()
        if self.random.random() < 0.7:
            self.asked.append((member, redemption))
        kind = self.random.choice(list(FOLLOWING.values()))
        return about(kind, member, redemption, now)

    def _ask(self, member: str, redemption: str, now: datetime) -> Event:
        late = timedelta(minutes=self.random.choice((0, 0, 0, 0, 0, 1, 14, 16)))
        return request(
            member,
            redemption,
            now - late,
            reward=self.random.choice((*self.rewards, *self.rewards, "no-such")),
            quantity=self.random.choice((1, 1, 1, 2, 3)),
            confirm=self.random.random() < 0.3,
        )

    def _known(self) -> tuple[str, str]:
        return self.random.choice(self.asked[-WITHIN:])

    def _new_id(self) -> str:
        return f"{self.name}{len(self.asked)}-{len(self.told)}"


def request(
    member: str,
    redemption: str,
    at: datetime,
    *,
    reward: str = "mug",
    quantity: int = 1,
    confirm: bool = False,
) -> Event:
    data = {
        "redemption_id": redemption,
        "member_id": member,
        "reward_id": reward,
        "quantity": quantity,
        "requested_at": _spelt(at),
        "confirm": confirm,
    }
    return {"type": "redemption.requested.v1", "data": data}


def about(kind: str, member: str, redemption: str, at: datetime, **more: Any) -> Event:
    """Tell something of a redemption that was asked for before, or should have been."""
    data = {"redemption_id": redemption, "member_id": member, "at": _spelt(at), **more}
    return {"type": kind, "data": data}


def _spelt(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
