"""The shop: takes orders over HTTP, and publishes what was paid."""

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel, Field

TOPIC = "orders.v1"
SOURCE = "/order-system"


class Line(BaseModel):
    """What was bought, and the money paid for it, in fen."""

    sku: str
    quantity: int = Field(ge=1)
    paid_fen: int = Field(ge=0)


class Basket(BaseModel):
    """An order as the shop's page sends it."""

    member_id: str
    lines: list[Line] = Field(min_length=1)


class Placed(BaseModel):
    """The order's name."""

    order_id: str


def make_app(bootstrap: str) -> FastAPI:
    """Make the shop over a Kafka at host:port."""
    kafka: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True
        ) as producer:
            kafka.append(producer)
            yield
            kafka.clear()

    app = FastAPI(title="order-system", lifespan=lifespan)

    @app.post("/orders", status_code=201)
    async def place(basket: Basket) -> Placed:
        order_id = f"S-{secrets.token_hex(8)}"
        await publish(kafka[0], order_id, basket.member_id, basket.lines)
        return Placed(order_id=order_id)

    return app


async def publish(
    kafka: AIOKafkaProducer, order_id: str, member_id: str, lines: Sequence[Line]
) -> None:
    """Tell of a paid order; it is in Kafka when this returns, and told again it counts once."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{order_id}/paid",
        "ce_source": SOURCE,
        "ce_type": "order.paid.v1",
    }
    paid = {
        "order_id": order_id,
        "member_id": member_id,
        "paid_at": _now(),
        "currency": "CNY",
        "lines": [
            {
                "line_id": str(number),
                "sku": line.sku,
                "quantity": line.quantity,
                "paid_minor": line.paid_fen,
            }
            for number, line in enumerate(lines, 1)
        ],
    }
    await kafka.send_and_wait(
        TOPIC,
        json.dumps(paid).encode(),
        key=member_id.encode(),  # so that a member's events stay in order
        headers=[(name, text.encode()) for name, text in headers.items()],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()  # noqa: TID251  # the shop's own clock
