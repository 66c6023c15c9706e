"""What each reason says to a person: the titles of problem answers."""

from collections.abc import Mapping
from typing import Final

from services.redeem.domain.answer import Reason

TITLES: Final[Mapping[Reason, str]] = {
    "too-old": "The request waited longer than a reservation lasts",
    "unknown-reward": "No such reward is offered",
    "not-on-sale": "The reward is not on sale at this time",
    "out-of-stock": "Not so many pieces are left",
    "daily-limit": "No more of this reward are given out today",
    "tier-required": "The reward is for members of another tier",
    "member-monthly-limit": "The member has had this month's share of the reward",
    "too-many-open": "The member holds as many reservations as may be held at a time",
    "too-many-points": "One redemption can't cost so many points",
    "insufficient-points": "The member has not enough points",
    "reservation-expired": "The reservation was not confirmed in time and is released",
    "redemption-cancelled": "The redemption was cancelled",
    "redemption-rejected": "The redemption was never accepted",
    "already-shipped": "The parcel is on its way",
}
