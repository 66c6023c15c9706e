"""Redeeming through redeem's routes."""

from datetime import datetime

from pydantic import BaseModel, JsonValue

from jifen.client.asked import Asked
from jifen.client.mall import Lot


class Quote(BaseModel):
    """What a request would come to; `reason` and `figures` where it would be refused."""

    title: str | None = None
    points: int | None = None
    lots: list[Lot] = []
    balance_after: int | None = None
    reason: str | None = None
    figures: dict[str, JsonValue] = {}


class Redemption(BaseModel):
    """What redeem says of a redemption."""

    redemption_id: str
    status: str
    points: int
    lots: list[Lot] = []
    balance: int | None = None
    reserved_until: datetime | None = None


class Counter:
    """Redeem for one member; raises as `Asked` does."""

    def __init__(self, redeem: Asked, member_id: str) -> None:
        self._redeem, self._path = redeem, f"/v1/members/{member_id}/redemptions"

    async def quote(self, reward_id: str, quantity: int = 1) -> Quote:
        """Ask what so many pieces would come to."""
        wanted = {"reward_id": reward_id, "quantity": quantity}
        return await self._redeem.post(Quote, f"{self._path}/quote", wanted)

    async def take(
        self, reward_id: str, key: str, *, quantity: int = 1, confirm: bool = False
    ) -> Redemption:
        """Ask for so many pieces, with or without a second consent; the key tells repeats."""
        wanted = {"reward_id": reward_id, "quantity": quantity, "confirm": confirm}
        return await self._redeem.post(Redemption, self._path, wanted, Idempotency_Key=key)

    async def confirm(self, redemption_id: str) -> Redemption:
        """Give the second consent."""
        return await self._redeem.post(Redemption, f"{self._path}/{redemption_id}/confirm", {})

    async def cancel(self, redemption_id: str) -> Redemption:
        """Give it up."""
        return await self._redeem.post(Redemption, f"{self._path}/{redemption_id}/cancel", {})

    async def find(self, redemption_id: str) -> Redemption:
        """Look at it as it is now."""
        return await self._redeem.get(Redemption, f"{self._path}/{redemption_id}")
