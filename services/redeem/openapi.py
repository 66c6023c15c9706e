"""docs/api/redeem.json, from the routes: `python -m services.redeem.openapi [--check]`."""

import sys

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.redeem.api import Counter
from services.redeem.app import make_app
from services.redeem.domain.answer import Answer
from services.redeem.domain.quote import Quote
from shared.contract.wire import Wire
from shared.ledger.entries import MemberId
from shared.pipeline.command import Reply
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics


def application() -> FastAPI:
    """Return the application over nothing, which lets nobody in: for looking at its routes."""
    return make_app(_Nobody(), Readiness({}), Metrics(CollectorRegistry(), "redeem"), None)


class _Nobody(Counter):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def tell(self, data: Wire, traceparent: str | None) -> Reply:
        raise LookupError

    @override
    async def quote(self, member_id: MemberId, reward_id: str, quantity: int) -> Quote:
        raise LookupError

    @override
    async def find(self, member_id: MemberId, redemption_id: str) -> Answer | None:
        raise LookupError


if __name__ == "__main__":
    sys.exit(openapi.main("redeem", application()))
