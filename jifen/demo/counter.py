"""Redeeming through redeem's routes, as a member's page would."""

from collections.abc import Mapping
from datetime import date, datetime

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from jifen.demo.errors import ReplayError


class Lot(BaseModel):
    """Points with one expiry date."""

    expires_on: date | None
    points: int


class Quote(BaseModel):
    """What a reservation would come to; `reason` where it would be refused."""

    title: str | None = None
    points: int | None = None
    lots: list[Lot] = []
    balance_after: int | None = None
    reason: str | None = None


class Answer(BaseModel):
    """What redeem says of a redemption; `reason` where it was refused."""

    redemption_id: str = ""
    status: str = ""
    points: int = 0
    lots: list[Lot] = []
    balance: int | None = None
    reserved_until: datetime | None = None
    reason: str | None = None


class Counter:
    """Redeem for one member; raises ReplayError when it does not answer as it should."""

    def __init__(self, client: httpx.AsyncClient, member_id: str) -> None:
        self._client = client
        self._path = f"/v1/members/{member_id}/redemptions"

    async def quote(self, reward_id: str) -> Quote:
        """Ask what one piece would come to."""
        return Quote.model_validate(await self._ask("POST", "/quote", {"reward_id": reward_id}))

    async def reserve(self, reward_id: str, key: str) -> Answer:
        """Ask for one piece; the key makes telling it again harmless."""
        return _answer(await self._ask("POST", "", {"reward_id": reward_id}, key))

    async def confirm(self, redemption_id: str) -> Answer:
        """Give the second consent."""
        return _answer(await self._ask("POST", f"/{redemption_id}/confirm"))

    async def cancel(self, redemption_id: str) -> Answer:
        """Give it up."""
        return _answer(await self._ask("POST", f"/{redemption_id}/cancel"))

    async def find(self, redemption_id: str) -> Answer:
        """Look at it as it is now."""
        return _answer(await self._ask("GET", f"/{redemption_id}"))

    async def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None, key: str | None = None
    ) -> JsonValue:
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            answer = await self._client.request(
                method, self._path + path, json=body, headers=headers
            )
            if answer.status_code != httpx.codes.CONFLICT:
                answer.raise_for_status()
            found: JsonValue = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _silent(error) from error
        return found


def _answer(found: JsonValue) -> Answer:
    """Read an answer; a refusal is a problem whose code is the reason."""
    try:
        if isinstance(found, dict) and "code" in found:
            return Answer.model_validate({"status": "refused", "reason": found["code"]})
        return Answer.model_validate(found)
    except ValidationError as error:
        raise _silent(error) from error


def _silent(error: Exception) -> ReplayError:
    return ReplayError(
        f"redeem does not answer as it should ({type(error).__name__}): "
        "see `jifen status` and `jifen logs redeem`"
    )
