"""Asking redeem over HTTP, as a shop's backend does that has to have an answer."""

import asyncio
from collections.abc import Mapping
from random import Random

import httpx

from shared.platform.clock import monotonic
from tests.chaos.kills import PATIENCE_SECONDS
from tests.integration.redeem.doors import SERVICE
from tests.support.model.world import Event


async def until_answered(
    client: httpx.AsyncClient,
    chance: Random,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
) -> httpx.Response:
    """Ask again and again, the same each time, until somebody is there to answer."""
    deadline = monotonic() + PATIENCE_SECONDS
    headers = {**SERVICE} if key is None else {**SERVICE, "Idempotency-Key": key}
    met = ""
    while True:
        try:
            response = await client.post(path, json=body, headers=headers)
        except httpx.TransportError as error:
            met = repr(error)
        else:
            if response.status_code != 503:
                return response
            met = response.text
        assert monotonic() < deadline, f"{path} was never answered, the last time with {met}"
        await asyncio.sleep(chance.uniform(0.05, 0.3))


async def ask(client: httpx.AsyncClient, chance: Random, event: Event, key: str) -> httpx.Response:
    """Ask for what an event tells: a redemption under a key, or what becomes of it."""
    data = event["data"]
    path = f"/v1/members/{data['member_id']}/redemptions"
    if event["type"] == "redemption.requested.v1":
        body = {name: data[name] for name in ("reward_id", "quantity", "confirm")}
        return await until_answered(client, chance, path, body, key=key)
    verb = {"redemption.confirmed.v1": "confirm", "redemption.cancelled.v1": "cancel"}
    path += f"/{data['redemption_id']}/{verb[event['type']]}"
    return await until_answered(client, chance, path)
