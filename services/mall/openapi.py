"""docs/api/mall.json, from the routes: `python -m services.mall.openapi [--check]`."""

import sys
from datetime import date

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.mall.api import Reader
from services.mall.app import make_app
from services.mall.domain.account import Account, Entry
from services.mall.domain.catalogue import Band, Redemption, Reward, Used
from services.mall.domain.cursors import Place
from services.mall.domain.inbox import Message
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics


def application() -> FastAPI:
    """Return the application over no data, which lets nobody in: for looking at its routes."""
    return make_app(_Nothing(), Readiness({}), Metrics(CollectorRegistry(), "mall"), None)


class _Nothing(Reader):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def account(self, member_id: str) -> Account:
        raise LookupError(member_id)

    @override
    async def entries(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        raise LookupError(member_id)

    @override
    async def expired(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        raise LookupError(member_id)

    @override
    async def entry_of_cause(self, member_id: str, cause: str) -> Entry | None:
        raise LookupError(member_id)

    @override
    async def rewards(self, band: Band, *, after: int, limit: int) -> list[Reward]:
        raise LookupError(band)

    @override
    async def used(self, member_id: str, since: date) -> Used:
        raise LookupError(member_id)

    @override
    async def messages(self, member_id: str, *, below_id: int, limit: int) -> list[Message]:
        raise LookupError(member_id)

    @override
    async def redemptions(
        self, member_id: str, *, status: str | None, before: Place | None, limit: int
    ) -> list[Redemption]:
        raise LookupError(member_id)


if __name__ == "__main__":
    sys.exit(openapi.main("mall", application()))
